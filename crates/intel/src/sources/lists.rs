//! What people do with ignore lists and warning lists.

use accounts::{Details, Page};
use base::{Actor, Unavailable};
use indicator::lists::{BadEntry, List, Lists};
use indicator::{Indicator, Kind};
use serde_json::json;

use super::change::{changed, inserted, room_for_one_more};
use super::check::{Checker, NAME_LETTERS_MAX, trim};
use super::registry::{made, target};
use super::store::{Holder, UpdateIgnoreList};
use super::{ChangeError, Registry, slug_of};
use crate::declared::Fault;
use crate::lists::{
    IGNORE_ENTRIES_MAX, IGNORE_LISTS_MAX, IgnoreEntry, ListId, NewIgnoreList,
    WARNING_LIST_BYTES_MAX, WARNING_LISTS_MAX, WarningListId,
};
use crate::{ProviderId, SourceId};

/// What is to be changed of an ignore list; nothing: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoreListChange {
    /// What it is. An empty slug: it stays.
    pub list: Option<NewIgnoreList>,
    /// Sources for which it holds.
    pub sources: Option<Vec<SourceId>>,
    /// Providers for all of whose sources it holds.
    pub providers: Option<Vec<ProviderId>>,
    /// All its entries.
    pub entries: Option<Vec<Indicator>>,
    /// Entries that come to it.
    pub add: Vec<Indicator>,
    /// Entries that go.
    pub remove: Vec<Indicator>,
}

impl NewIgnoreList {
    /// The list with tidy words, or everything that is wrong with it.
    fn checked(mut self) -> Result<Self, Vec<Fault>> {
        trim(&mut self.name);
        trim(&mut self.about);
        if self.slug.is_empty() {
            self.slug = slug_of(&self.name);
        }
        let mut checker = Checker::default();
        checker.line("name", &self.name, NAME_LETTERS_MAX);
        checker.slug(&self.slug);
        checker.about(&self.about);
        checker.done().map(|()| self)
    }
}

impl Registry {
    /// Makes an ignore list without entries.
    ///
    /// # Errors
    /// `Invalid`, `Taken`.
    pub async fn create_ignore_list(
        &self,
        actor: &Actor,
        list: NewIgnoreList,
    ) -> Result<ListId, ChangeError> {
        let list = list.checked()?;
        room_for_one_more(self.current().ignore_lists().len(), IGNORE_LISTS_MAX)?;
        let entry = self.entry(actor, "ignore-list.make", made("ignore-list"), told(&list));
        let id = inserted(self.store.insert_ignore_list(list, entry).await?, "slug")?;
        self.written().await;
        Ok(ListId(id))
    }

    /// Changes an ignore list, its entries, or for whom it holds; all of it or nothing.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`, `Taken`.
    pub async fn change_ignore_list(
        &self,
        actor: &Actor,
        id: ListId,
        change: IgnoreListChange,
    ) -> Result<(), ChangeError> {
        let mut details = Details::new();
        let list = match change.list {
            Some(mut list) => {
                if list.slug.is_empty() {
                    let known = self.current();
                    let known = known.ignore_list(id).ok_or(ChangeError::Unknown)?;
                    list.slug.clone_from(&known.list.slug);
                }
                let list = list.checked()?;
                details.extend(told(&list));
                Some(list)
            }
            None => None,
        };
        let given = change.entries.as_deref().unwrap_or_default();
        for entries in [given, &change.add, &change.remove] {
            if entries.len() > IGNORE_ENTRIES_MAX {
                return Err(ChangeError::invalid("entries", at_most()));
            }
        }
        if let Some(sources) = &change.sources {
            details.push(("sources", json!(numbers(sources, |id| id.0))));
        }
        if let Some(providers) = &change.providers {
            details.push(("providers", json!(numbers(providers, |id| id.0))));
        }
        for (name, count) in [
            ("entries", change.entries.as_ref().map(Vec::len)),
            ("added", Some(change.add.len()).filter(|count| *count > 0)),
            (
                "removed",
                Some(change.remove.len()).filter(|count| *count > 0),
            ),
        ] {
            details.extend(count.map(|count| (name, json!(count))));
        }
        let entry = self.entry(
            actor,
            "ignore-list.change",
            target("ignore-list", id.0),
            details,
        );
        let update = UpdateIgnoreList {
            list,
            sources: change.sources,
            providers: change.providers,
            entries: change.entries,
            add: change.add,
            remove: change.remove,
        };
        let outcome = self
            .store
            .change_ignore_list(id, update, IGNORE_ENTRIES_MAX, entry)
            .await?;
        match outcome {
            super::Changed::TooMany => return Err(ChangeError::invalid("entries", at_most())),
            super::Changed::Gone => {
                let what = "one of these sources or providers does not exist";
                return Err(ChangeError::invalid("sources", what));
            }
            other => changed(other, "entries")?,
        }
        self.written().await;
        Ok(())
    }

    /// Deletes an ignore list.
    ///
    /// # Errors
    /// `Unknown`.
    pub async fn delete_ignore_list(&self, actor: &Actor, id: ListId) -> Result<(), ChangeError> {
        let name = self
            .current()
            .ignore_list(id)
            .map(|one| one.list.name.clone());
        let details = vec![("name", json!(name))];
        let entry = self.entry(
            actor,
            "ignore-list.delete",
            target("ignore-list", id.0),
            details,
        );
        changed(self.store.delete_ignore_list(id, entry).await?, "list")?;
        self.written().await;
        Ok(())
    }

    /// Says which ignore lists hold for a source or a provider, besides the global ones.
    ///
    /// # Errors
    /// `Unknown`; `Invalid`: there is no such list.
    pub async fn put_ignore_lists_of(
        &self,
        actor: &Actor,
        holder: Holder,
        lists: Vec<ListId>,
    ) -> Result<(), ChangeError> {
        let about = match holder {
            Holder::Source(id) => target("source", id.0),
            Holder::Provider(id) => target("provider", id.0),
        };
        let details = vec![("ignore_lists", json!(numbers(&lists, |id| id.0)))];
        let entry = self.entry(actor, "ignore-list.assign", about, details);
        let outcome = self.store.put_ignore_lists_of(holder, lists, entry).await?;
        changed(outcome, "lists")?;
        self.written().await;
        Ok(())
    }

    /// Entries of an ignore list, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn ignore_entries(
        &self,
        id: ListId,
        kind: Option<Kind>,
        text: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<IgnoreEntry>, Unavailable> {
        self.store
            .ignore_entries(id, kind, text, before, limit)
            .await
    }

    /// Makes a warning list of MISP's JSON; it counts from now on.
    ///
    /// # Errors
    /// `Invalid`, `Taken`.
    pub async fn create_warning_list(
        &self,
        actor: &Actor,
        slug: &str,
        json: Vec<u8>,
    ) -> Result<WarningListId, ChangeError> {
        let (list, json) = words(json).await?;
        let slug = match slug {
            "" => slug_of(&list.name),
            slug => slug.to_owned(),
        };
        let mut checker = Checker::default();
        checker.slug(&slug);
        checker.done()?;
        room_for_one_more(self.current().warning_lists().len(), WARNING_LISTS_MAX)?;
        let details = with_slug(&slug, &list);
        let entry = self.entry(actor, "warning-list.make", made("warning-list"), details);
        let outcome = self.store.insert_warning_list(&slug, json, entry).await?;
        let id = inserted(outcome, "slug")?;
        self.written().await;
        Ok(WarningListId(id))
    }

    /// Switches a warning list, or gives it other words.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`; `Shipped`: its words are the product's.
    pub async fn change_warning_list(
        &self,
        actor: &Actor,
        id: WarningListId,
        is_enabled: Option<bool>,
        json: Option<Vec<u8>>,
    ) -> Result<(), ChangeError> {
        let mut details = Details::new();
        let json = match json {
            Some(json) => {
                let (list, json) = words(json).await?;
                details.extend(told_words(&list));
                Some(json)
            }
            None => None,
        };
        details.extend(is_enabled.map(|is_enabled| ("enabled", json!(is_enabled))));
        let about = target("warning-list", id.0);
        let entry = self.entry(actor, "warning-list.change", about, details);
        let outcome = self
            .store
            .change_warning_list(id, is_enabled, json, entry)
            .await?;
        changed(outcome, "list")?;
        self.written().await;
        Ok(())
    }

    /// Deletes a warning list.
    ///
    /// # Errors
    /// `Unknown`, `Shipped`.
    pub async fn delete_warning_list(
        &self,
        actor: &Actor,
        id: WarningListId,
    ) -> Result<(), ChangeError> {
        let known = self.current();
        let name = known.warning_lists().iter().find(|list| list.id == id);
        let details = vec![("name", json!(name.map(|list| &list.name)))];
        let about = target("warning-list", id.0);
        let entry = self.entry(actor, "warning-list.delete", about, details);
        changed(self.store.delete_warning_list(id, entry).await?, "list")?;
        self.written().await;
        Ok(())
    }
}

/// Reads a warning list, and tells what of it could not be used. Off the threads that answer others:
/// a list may have a million entries.
async fn words(json: Vec<u8>) -> Result<(List, Vec<u8>), ChangeError> {
    if json.len() > WARNING_LIST_BYTES_MAX {
        let what = format!("at most {WARNING_LIST_BYTES_MAX} bytes");
        return Err(ChangeError::invalid("list", what));
    }
    let checked = tokio::task::spawn_blocking(move || {
        let list = List::from_json(&json).map_err(|error| fault(error.to_string()))?;
        let mut checker = Checker::default();
        checker.line("list.name", &list.name, NAME_LETTERS_MAX * 2);
        checker.done()?;
        let compiled = Lists::compile(std::slice::from_ref(&list));
        let compiled = compiled.map_err(|error| fault(error.to_string()))?;
        let bad = compiled.bad_entries();
        if list.entries.is_empty() || bad.len() >= list.entries.len() {
            let first: Vec<String> = bad.iter().take(5).map(bad_entry).collect();
            let first = first.join("; ");
            return Err(fault(format!("no entry of it can be used. {first}")));
        }
        Ok((list, json))
    });
    let checked = checked.await;
    let checked = checked.map_err(|error| Unavailable::new("the warning list", error))?;
    checked.map_err(ChangeError::Invalid)
}

fn bad_entry(bad: &BadEntry) -> String {
    format!("{:?}: {}", bad.entry, bad.why)
}

fn fault(what: String) -> Vec<Fault> {
    vec![Fault {
        field: "list".into(),
        what,
    }]
}

fn at_most() -> String {
    format!("a list has at most {IGNORE_ENTRIES_MAX} entries")
}

fn numbers<T>(ids: &[T], number: impl Fn(&T) -> i64) -> Vec<i64> {
    ids.iter().map(number).collect()
}

fn told(list: &NewIgnoreList) -> Details {
    vec![
        ("slug", json!(list.slug)),
        ("name", json!(list.name)),
        ("enabled", json!(list.is_enabled)),
        ("global", json!(list.is_global)),
    ]
}

fn told_words(list: &List) -> Details {
    vec![
        ("name", json!(list.name)),
        ("version", json!(list.version)),
        ("entries", json!(list.entries.len())),
    ]
}

fn with_slug(slug: &str, list: &List) -> Details {
    let mut details = told_words(list);
    details.push(("slug", json!(slug)));
    details
}
