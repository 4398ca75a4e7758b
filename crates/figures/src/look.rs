//! Colour and mark of each strategy, from its configuration text alone, the same in all figures.
//!
//! A text has a preferred colour and shape by its hash. In the order of names, each strategy takes the pair
//! that is used least and nearest to its preference. So up to twelve strategies have colours of their own, up
//! to ninety-six are told apart, and a strategy that joins a run changes few others. Outside references, which are no
//! strategies, are grey and hollow, and stand behind them.

use crate::canvas::Point;
use plotters::style::RGBColor;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::{PI, TAU};

/// Colours that most colour-blind readers tell apart: Okabe and Ito's and Tol's muted ones, the light ones
/// darkened until they stand out on white.
const COLOURS: [RGBColor; 12] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x11, 0x77, 0x33),
    RGBColor(0xaa, 0x44, 0x99),
    RGBColor(0xe0, 0x9b, 0x00),
    RGBColor(0x33, 0x22, 0x88),
    RGBColor(0x2f, 0xa5, 0x94),
    RGBColor(0x88, 0x22, 0x55),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x80, 0x80, 0x20),
    RGBColor(0xd6, 0x5b, 0x77),
    RGBColor(0x4a, 0x4a, 0x4a),
];

/// The colour of outside references.
const GREY: RGBColor = RGBColor(0x6b, 0x72, 0x7c);

/// Shape of a mark. The cross is not among them: it means failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Wedge,
    Star,
    Hexagon,
    Plus,
}

const SHAPES: [Shape; 8] = [
    Shape::Circle,
    Shape::Square,
    Shape::Triangle,
    Shape::Diamond,
    Shape::Wedge,
    Shape::Star,
    Shape::Hexagon,
    Shape::Plus,
];

impl Shape {
    /// The mark's outline. Radii are chosen for marks of about the same area.
    pub(crate) fn outline(self, (x, y): Point, radius: f64) -> Vec<Point> {
        let polygon = |corners: u32, radius: f64, turn: f64| -> Vec<Point> {
            let corner = |i| turn + TAU * f64::from(i) / f64::from(corners);
            (0..corners).map(|i| (x + radius * corner(i).sin(), y - radius * corner(i).cos())).collect()
        };
        match self {
            Shape::Circle => polygon(28, radius, 0.0),
            Shape::Square => polygon(4, radius * 1.22, PI / 4.0),
            Shape::Triangle => polygon(3, radius * 1.32, 0.0),
            Shape::Diamond => polygon(4, radius * 1.28, 0.0),
            Shape::Wedge => polygon(3, radius * 1.32, PI),
            Shape::Hexagon => polygon(6, radius * 1.1, PI / 6.0),
            Shape::Star => {
                let (outer, inner) = (polygon(5, radius * 1.45, 0.0), polygon(5, radius * 0.68, PI / 5.0));
                outer.into_iter().zip(inner).flat_map(|(outer, inner)| [outer, inner]).collect()
            }
            Shape::Plus => {
                let (arm, half) = (radius * 1.15, radius * 0.42);
                let quarter =
                    [(-half, -arm), (half, -arm), (half, -half), (arm, -half), (arm, half), (half, half)];
                let rest = quarter.map(|(dx, dy)| (-dx, -dy));
                quarter.into_iter().chain(rest).map(|(dx, dy)| (x + dx, y + dy)).collect()
            }
        }
    }
}

/// How a strategy is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) colour: RGBColor,
    pub(crate) shape: Shape,
    /// Whether its marks are rims only: an outside reference.
    pub(crate) hollow: bool,
}

/// Looks of all strategies of a set of records, by name.
pub(crate) type Looks = BTreeMap<String, Look>;

/// Gives each strategy and each outside reference its look. The order in which names are given does not matter.
pub(crate) fn assign<'a>(
    strategies: impl IntoIterator<Item = &'a str>,
    references: impl IntoIterator<Item = &'a str>,
) -> Looks {
    let references: BTreeSet<&str> = references.into_iter().collect();
    let grey = |index: usize| Look { colour: GREY, shape: SHAPES[index % SHAPES.len()], hollow: true };
    let references = references.into_iter().enumerate().map(|(index, name)| (name.to_string(), grey(index)));
    let mut looks = assign_to_strategies(strategies);
    looks.extend(references);
    looks
}

/// Strategies before outside references, each by name.
pub(crate) fn in_order(looks: &Looks) -> Vec<(&String, &Look)> {
    let mut ordered: Vec<_> = looks.iter().collect();
    ordered.sort_by_key(|(_, look)| look.hollow);
    ordered
}

fn assign_to_strategies<'a>(names: impl IntoIterator<Item = &'a str>) -> Looks {
    let mut taken = [[0u32; SHAPES.len()]; COLOURS.len()];
    let mut looks: Looks = names.into_iter().map(|name| (name.to_string(), look(0, 0))).collect();
    for (name, chosen) in &mut looks {
        let hash = fnv1a(name);
        let (first_colour, first_shape) =
            (hash as usize % COLOURS.len(), (hash >> 32) as usize % SHAPES.len());
        let pairs = (0..COLOURS.len()).flat_map(|c| (0..SHAPES.len()).map(move |s| (c, s)));
        let cost = |(c, s): &(usize, usize)| {
            let uses_of_colour: u32 = taken[*c].iter().sum();
            let uses_of_shape: u32 = taken.iter().map(|shapes| shapes[*s]).sum();
            let far = |to: usize, from: usize, of: usize| (to + of - from) % of;
            let distance = (far(*c, first_colour, COLOURS.len()), far(*s, first_shape, SHAPES.len()));
            (taken[*c][*s], uses_of_colour, uses_of_shape, distance)
        };
        let (c, s) = pairs.min_by_key(cost).unwrap_or((first_colour, first_shape));
        taken[c][s] += 1;
        *chosen = look(c, s);
    }
    looks
}

fn look(colour: usize, shape: usize) -> Look {
    Look { colour: COLOURS[colour], shape: SHAPES[shape], hollow: false }
}

/// FNV-1a, 64 bits: small, and the same for ever, as the standard library's hash is not.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("strategy@{i}")).collect()
    }

    fn distinct<T: Ord>(looks: &Looks, what: impl Fn(&Look) -> T) -> usize {
        looks.values().map(what).collect::<BTreeSet<_>>().len()
    }

    fn rgb(look: &Look) -> (u8, u8, u8) {
        (look.colour.0, look.colour.1, look.colour.2)
    }

    #[test]
    fn twelve_have_their_own_colour_and_all_pairs_are_used_before_one_twice() {
        for count in [1, 8, 12] {
            let looks = assign(names(count).iter().map(String::as_str), []);
            assert_eq!(distinct(&looks, rgb), count);
            assert_eq!(distinct(&looks, |look| look.shape), count.min(8));
        }
        let looks = assign(names(96).iter().map(String::as_str), []);
        assert_eq!(distinct(&looks, |look| (rgb(look), look.shape)), 96);
        assert_eq!(assign(names(200).iter().map(String::as_str), []).len(), 200);
    }

    #[test]
    fn the_order_of_names_does_not_matter() {
        let names = names(20);
        let names = || names.iter().map(String::as_str);
        assert_eq!(assign(names(), []), assign(names().rev(), []));
    }

    #[test]
    fn outside_references_stand_last_and_take_no_colour_from_strategies() {
        let names = names(3);
        let ours = assign(names.iter().map(String::as_str), []);
        let all = assign(names.iter().map(String::as_str), ["a:2", "a:1", "a:2"]);
        assert!(ours.iter().all(|(name, look)| all[name] == *look));
        let order: Vec<&str> = in_order(&all).into_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order, ["strategy@0", "strategy@1", "strategy@2", "a:1", "a:2"]);
        assert!(all["a:1"].hollow && all["a:1"].shape != all["a:2"].shape);
    }
}
