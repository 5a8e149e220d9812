//! A Merkle path as a picture: the leaf at the foot, each sibling beside the node it joins, the root on top.
//!
//! Solid boxes are computed by whoever checks, dashed ones are given by the proof. Box `n` carries
//! `data-step="n"`, so that the page can light it up when the browser has recomputed it.

use std::fmt::Write as _;

/// One step of a path, from the leaf upwards.
#[derive(Clone, Debug)]
pub struct Step {
    /// The sibling stands on the left of the node computed so far.
    pub sibling_left: bool,
    /// The sibling that the proof gives, 32 bytes.
    pub sibling: [u8; 32],
    /// What joining both gives, 32 bytes.
    pub result: [u8; 32],
}

const WIDTH: f64 = 360.0;
const BOX: (f64, f64) = (126.0, 30.0);
const ROW: f64 = 66.0;

/// Draws the path from `leaf` over `steps`. Decorative: the table beside it says the same.
pub fn path(leaf: &[u8; 32], steps: &[Step]) -> String {
    let rows = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let height = ROW * f64::from(rows) + BOX.1 + 8.0;
    let mut svg = format!(
        r#"<svg class="drawing path" viewBox="0 0 {WIDTH} {height}" aria-hidden="true" focusable="false">"#
    );
    let (mut lines, mut boxes) = (String::new(), String::new());
    let place = |i: usize| match steps.get(i) {
        None => WIDTH / 2.0,
        Some(step) if step.sibling_left => WIDTH - BOX.0 / 2.0 - 12.0,
        Some(_) => BOX.0 / 2.0 + 12.0,
    };
    let mut y = height - BOX.1 / 2.0 - 4.0;
    node(
        &mut boxes,
        (place(0), y),
        leaf,
        if steps.is_empty() {
            "root leaf"
        } else {
            "leaf"
        },
        Some(0),
    );
    for (i, step) in steps.iter().enumerate() {
        let (x, beside) = (place(i), WIDTH - place(i));
        let above = (place(i + 1), y - ROW);
        for (from, class) in [(x, "way"), (beside, "way given")] {
            let middle = y - ROW / 2.0;
            let _ = write!(
                lines,
                r#"<path class="{class}" data-step="{}" d="M{from:.0} {:.0}V{middle:.0}H{:.0}V{:.0}"/>"#,
                i + 1,
                y - BOX.1 / 2.0,
                above.0,
                above.1 + BOX.1 / 2.0
            );
        }
        node(&mut boxes, (beside, y), &step.sibling, "given", None);
        y -= ROW;
        let kind = if i + 1 == steps.len() { "root" } else { "made" };
        node(&mut boxes, (above.0, y), &step.result, kind, Some(i + 1));
    }
    svg.push_str(&lines);
    svg.push_str(&boxes);
    svg.push_str("</svg>");
    svg
}

fn node(out: &mut String, (x, y): (f64, f64), hash: &[u8; 32], kind: &str, step: Option<usize>) {
    let step = step.map_or(String::new(), |n| format!(r#" data-step="{n}""#));
    let _ = write!(
        out,
        r#"<g class="node {kind}"{step}><rect x="{:.0}" y="{:.0}" width="{:.0}" height="{:.0}" rx="2"/><text x="{x:.0}" y="{:.0}">{:02x}{:02x}{:02x}{:02x} {:02x}{:02x}…</text></g>"#,
        x - BOX.0 / 2.0,
        y - BOX.1 / 2.0,
        BOX.0,
        BOX.1,
        y + 4.5,
        hash[0],
        hash[1],
        hash[2],
        hash[3],
        hash[4],
        hash[5],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_lit() {
        for depth in [0, 1, 3, 20] {
            let steps: Vec<_> = (0..depth)
                .map(|i| Step {
                    sibling_left: i % 2 == 0,
                    sibling: [1; 32],
                    result: [2; 32],
                })
                .collect();
            let svg = path(&[0; 32], &steps);
            for step in 0..=depth {
                assert!(
                    svg.contains(&format!(r#"data-step="{step}""#)),
                    "depth {depth}, step {step}"
                );
            }
            assert_eq!(svg.matches("class=\"node given\"").count(), depth);
        }
    }
}
