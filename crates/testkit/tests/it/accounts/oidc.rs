//! Signing in by another house's word.

use std::sync::Arc;

use accounts::{
    Caller, OidcAnswer, OidcError, OidcFinished, OidcProvider, OwnError, RoleId, SignInStep,
    SignUp, SignedIn,
};
use serde_json::json;
use testkit::SimClock;
use url::Url;

use super::provider::{ISSUER, Provider, Says, configured};
use super::{House, MINUTE, device, in_session, settings, stranger};

/// The cookie that a browser keeps until it is back.
const BROWSER: &str = "the browser's cookie";

async fn house(says: Says, trust_email: bool, sign_up: SignUp) -> (House, Arc<Provider>) {
    with(vec![configured(trust_email)], says, sign_up).await
}

async fn with(providers: Vec<OidcProvider>, says: Says, sign_up: SignUp) -> (House, Arc<Provider>) {
    let provider = Arc::new(Provider::new(says));
    let mut settings = settings();
    settings.oidc = providers;
    settings.sign_up = sign_up;
    let house = House::with(settings, Arc::clone(&provider) as _).await;
    (house, provider)
}

async fn begin(house: &House) -> Url {
    house
        .accounts
        .oidc_start("house", Some("/account"), BROWSER)
        .await
        .unwrap()
}

async fn finish(house: &House, answer: OidcAnswer<'_>) -> Result<OidcFinished, OidcError> {
    finish_in(house, answer, BROWSER).await
}

async fn finish_in(
    house: &House,
    answer: OidcAnswer<'_>,
    browser: &str,
) -> Result<OidcFinished, OidcError> {
    let (device, actor) = (device(), stranger());
    house
        .accounts
        .oidc_finish("house", answer, browser, &device, &actor)
        .await
}

fn answer(visit: &(String, String)) -> OidcAnswer<'_> {
    OidcAnswer {
        state: &visit.0,
        code: Some(&visit.1),
        iss: Some(ISSUER),
        error: None,
    }
}

/// A whole visit.
async fn visit(house: &House, provider: &Provider) -> Result<SignedIn, OidcError> {
    let visit = provider.visit(&begin(house).await);
    match finish(house, answer(&visit)).await? {
        OidcFinished::SignIn {
            step: SignInStep::Done(signed_in),
            next,
        } => {
            assert_eq!(next.as_deref(), Some("/account"));
            Ok(signed_in)
        }
        other => panic!("{other:?}"),
    }
}

/// Links the provider to the caller's account.
async fn link(house: &House, provider: &Provider, caller: &Caller) -> Result<(), OidcError> {
    let url = house
        .accounts
        .oidc_link_start(caller, "house", BROWSER)
        .await?;
    let visit = provider.visit(&url);
    match finish(house, answer(&visit)).await? {
        OidcFinished::Linked => Ok(()),
        other @ OidcFinished::SignIn { .. } => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_linked_account_signs_in() {
    let (house, provider) = house(Says::of("1", "eve@id.example"), false, SignUp::Closed).await;
    let admin = house.administrator().await;
    assert!(matches!(
        visit(&house, &provider).await,
        Err(OidcError::NoAccount)
    ));
    link(&house, &provider, &admin).await.unwrap();
    let signed_in = visit(&house, &provider).await.unwrap();
    assert_eq!(signed_in.session.user.id, admin.user.id);
    link(&house, &provider, &admin).await.unwrap(); // Again: nothing to do.
    let profile = house.accounts.profile(&admin).await.unwrap();
    let [row] = &profile.links[..] else {
        panic!("{profile:?}");
    };
    assert_eq!(
        (row.provider.as_deref(), &*row.issuer),
        (Some("The House"), ISSUER)
    );
    house.accounts.oidc_unlink(&admin, row.id).await.unwrap();
    assert!(matches!(
        visit(&house, &provider).await,
        Err(OidcError::NoAccount)
    ));
    let gone = house.accounts.oidc_unlink(&admin, row.id).await;
    assert!(matches!(gone, Err(OwnError::Unknown)));
}

/// "OAuth state is neither checked for expiry nor deleted after use."
#[tokio::test]
async fn a_state_is_good_once_for_a_while_in_one_browser() {
    let (house, provider) = house(Says::of("1", "eve@id.example"), false, SignUp::Closed).await;
    let admin = house.administrator().await;
    link(&house, &provider, &admin).await.unwrap();

    let first = provider.visit(&begin(&house).await);
    assert!(finish(&house, answer(&first)).await.is_ok());
    assert!(
        matches!(
            finish(&house, answer(&first)).await,
            Err(OidcError::Expired)
        ),
        "reused"
    );

    let old = provider.visit(&begin(&house).await);
    house.pass(10 * MINUTE);
    assert!(
        matches!(finish(&house, answer(&old)).await, Err(OidcError::Expired)),
        "too old"
    );

    // Somebody sends a victim the end of their own visit: the victim's browser did not begin it.
    let theirs = provider.visit(&begin(&house).await);
    let elsewhere = finish_in(&house, answer(&theirs), "another cookie").await;
    assert!(matches!(elsewhere, Err(OidcError::Expired)));
    let after = finish(&house, answer(&theirs)).await;
    assert!(
        matches!(after, Err(OidcError::Expired)),
        "the attempt used it up"
    );

    let made_up = OidcAnswer {
        state: "made up",
        ..answer(&first)
    };
    assert!(matches!(
        finish(&house, made_up).await,
        Err(OidcError::Expired)
    ));
}

/// What the token says is believed only if it is ours, theirs, signed, of now and of this visit.
#[tokio::test]
async fn a_token_of_somebody_else_signs_nobody_in() {
    let right = Says::of("1", "eve@id.example");
    let (house, provider) = house(right.clone(), false, SignUp::Closed).await;
    let admin = house.administrator().await;
    link(&house, &provider, &admin).await.unwrap();
    let now = SimClock::START.0 / 1_000_000;
    for wrong in [
        json!({"nonce": "another visit's"}),
        json!({"aud": "another client"}),
        json!({"iss": "https://evil.example"}),
        json!({"exp": now - 1}),
    ] {
        provider.says(Says {
            wrong: wrong.clone(),
            ..right.clone()
        });
        let visit = provider.visit(&begin(&house).await);
        let finished = finish(&house, answer(&visit)).await;
        assert!(
            matches!(finished, Err(OidcError::Provider(_))),
            "{wrong}: {finished:?}"
        );
    }
    provider.says(Says {
        unpublished_key: true,
        ..right.clone()
    });
    let visit_of = provider.visit(&begin(&house).await);
    assert!(matches!(
        finish(&house, answer(&visit_of)).await,
        Err(OidcError::Provider(_))
    ));

    provider.says(right);
    let visit_of = provider.visit(&begin(&house).await);
    let mixed_up = OidcAnswer {
        iss: Some("https://evil.example"),
        ..answer(&visit_of)
    };
    assert!(matches!(
        finish(&house, mixed_up).await,
        Err(OidcError::Provider(_))
    ));
    let visit_of = provider.visit(&begin(&house).await);
    let refused = OidcAnswer {
        code: None,
        error: Some("access_denied<script>"),
        ..answer(&visit_of)
    };
    match finish(&house, refused).await {
        Err(OidcError::Refused(why)) => assert_eq!(why, "access_deniedscript"),
        other => panic!("{other:?}"),
    }
    assert!(visit(&house, &provider).await.is_ok());
}

/// Keys are asked for once, and again when one is not known.
#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let (house, provider) = house(Says::of("1", "eve@id.example"), false, SignUp::Closed).await;
    let admin = house.administrator().await;
    link(&house, &provider, &admin).await.unwrap();
    provider.take_requests();
    visit(&house, &provider).await.unwrap();
    assert_eq!(
        provider.take_requests(),
        ["/token"],
        "what is known is not asked for again"
    );
    provider.change_key();
    house.pass(MINUTE);
    visit(&house, &provider).await.unwrap();
    let again = ["/token", "/.well-known/openid-configuration", "/keys"];
    assert_eq!(provider.take_requests(), again);
    // A key that nobody knows does not make us ask with every attempt.
    provider.change_key();
    let visit_of = provider.visit(&begin(&house).await);
    assert!(finish(&house, answer(&visit_of)).await.is_err());
    assert_eq!(provider.take_requests(), ["/token"]);
}

/// An address is no proof of who somebody is, unless the operator says so of this provider.
#[tokio::test]
async fn an_address_opens_an_account_only_where_it_is_trusted() {
    let check = async |trust: bool, verified: bool| {
        let says = Says {
            email_verified: verified,
            ..Says::of("1", "admin@example.org")
        };
        let (house, provider) = house(says, trust, SignUp::Open).await;
        let admin = house.administrator().await;
        visit(&house, &provider).await.map(|signed_in| {
            assert_eq!(signed_in.session.user.id, admin.user.id);
        })
    };
    assert!(check(true, true).await.is_ok());
    assert!(matches!(
        check(true, false).await,
        Err(OidcError::NoAccount)
    ));
    assert!(matches!(
        check(false, true).await,
        Err(OidcError::LinkFirst)
    ));
    assert!(matches!(
        check(false, false).await,
        Err(OidcError::NoAccount)
    ));
}

/// Who may come in by a provider is the same setting as by the door.
#[tokio::test]
async fn newcomers_follow_the_policy() {
    let check = async |trust: bool, sign_up: SignUp, by_user_info: bool| {
        let says = Says {
            by_user_info,
            ..Says::of("1", "eve@example.org")
        };
        let (house, provider) = house(says, trust, sign_up).await;
        house.administrator().await;
        visit(&house, &provider).await
    };
    let signed_in = check(true, SignUp::Open, false).await.unwrap();
    assert_eq!(signed_in.session.user.name, "Eve of the House");
    assert_eq!(signed_in.session.user.roles, ["reader"]);
    assert!(
        check(true, SignUp::Open, true).await.is_ok(),
        "the address comes in another answer"
    );
    assert!(matches!(
        check(false, SignUp::Open, false).await,
        Err(OidcError::NoAccount)
    ));
    assert!(matches!(
        check(true, SignUp::Closed, false).await,
        Err(OidcError::NoAccount)
    ));

    // Whoever was invited may accept by a provider that is trusted.
    let (house, provider) = house(Says::of("1", "eve@example.org"), true, SignUp::Closed).await;
    let admin = house.administrator().await;
    house.invite(&admin, "eve", &[RoleId::ANALYST]).await;
    let signed_in = visit(&house, &provider).await.unwrap();
    assert_eq!(signed_in.session.user.roles, ["analyst"]);
    // No password, no other way in: the provider stays.
    let eve = in_session(&signed_in);
    let links = house.accounts.profile(&eve).await.unwrap().links;
    let unlinked = house.accounts.oidc_unlink(&eve, links[0].id).await;
    assert!(matches!(unlinked, Err(OwnError::LastWayIn)));
}

/// One account of a provider is one account of ours.
#[tokio::test]
async fn a_provider_account_is_linked_once() {
    let (house, provider) = house(Says::of("1", "eve@id.example"), false, SignUp::Closed).await;
    let admin = house.administrator().await;
    link(&house, &provider, &admin).await.unwrap();
    let eve = house.member(&admin, "eve", &[]).await;
    assert!(matches!(
        link(&house, &provider, &eve).await,
        Err(OidcError::Taken)
    ));
    house.pass(15 * MINUTE);
    let stale = house.accounts.oidc_link_start(&eve, "house", BROWSER).await;
    assert!(matches!(stale, Err(OidcError::NotFresh)));
}

/// "OpenID keys for Microsoft are gated on `google.enabled`": each provider stands alone.
#[tokio::test]
async fn one_broken_provider_breaks_no_other() {
    let broken = OidcProvider {
        slug: "broken".to_owned(),
        issuer: "https://nobody.example".to_owned(),
        ..configured(false)
    };
    let providers = vec![broken, configured(false)];
    let says = Says::of("1", "eve@id.example");
    let (house, provider) = with(providers, says, SignUp::Closed).await;
    let admin = house.administrator().await;
    let slugs = house
        .accounts
        .oidc_providers()
        .iter()
        .map(|it| it.slug.clone());
    assert_eq!(slugs.collect::<Vec<_>>(), ["broken", "house"]);
    let started = house.accounts.oidc_start("broken", None, BROWSER).await;
    assert!(matches!(started, Err(OidcError::Provider(_))));
    let started = house.accounts.oidc_start("absent", None, BROWSER).await;
    assert!(matches!(started, Err(OidcError::UnknownProvider)));
    link(&house, &provider, &admin).await.unwrap();
    // The state of one is not good for another.
    let visit_of = provider.visit(&begin(&house).await);
    let (device, actor) = (device(), stranger());
    let crossed = house
        .accounts
        .oidc_finish("broken", answer(&visit_of), BROWSER, &device, &actor);
    assert!(matches!(crossed.await, Err(OidcError::Expired)));
    assert!(visit(&house, &provider).await.is_ok());
}
