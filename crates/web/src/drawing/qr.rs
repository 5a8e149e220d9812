//! A QR code as SVG: for the authenticator app's camera.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Blank modules round the code: fewer, and cameras miss it (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;

/// Draws `text`; `None` when it is too long for any code.
pub fn draw(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code of the key\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_with_its_quiet_zone() {
        let svg =
            draw("otpauth://totp/Indelible:ada%40example.org?secret=JBSWY3DPEHPK3PXP").unwrap();
        assert!(svg.starts_with("<svg viewBox=\"0 0 ") && svg.contains("M4 4h1v1h-1z"));
        assert!(draw(&"x".repeat(8000)).is_none());
    }
}
