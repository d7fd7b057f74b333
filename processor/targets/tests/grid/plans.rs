//! Random trees with plans, each made from a number.

use std::collections::BTreeMap;

use paceline_targets::{Bound, MONTHS, Node, Period, Plan, VALUE_MAX};

/// What a plan holds beside the year of its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Locks on any node and period, everyone present.
    Locks,
    /// The same, none within a longer one of the same node or of one below it.
    NestedLocks,
    /// The same, their values read off cells that are drawn first, so that there is a grid.
    Solvable,
    /// Locks, floors and ceilings, months without presence, reserves that are limited, negative or planned.
    Bounds,
    /// The same with few constraints in a larger tree.
    Wide,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Locks, Self::NestedLocks, Self::Solvable, Self::Bounds, Self::Wide];

    pub(crate) fn nests_locks(self) -> bool {
        matches!(self, Self::NestedLocks | Self::Solvable)
    }
}

type Cells = BTreeMap<String, [i64; MONTHS]>;

/// One plan and its tree.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) nodes: Vec<Node>,
    pub(crate) plan: Plan,
    pub(crate) kind: Kind,
    number: u64,
}

/// A generator of its own, so that a case does not hang on what the crate under test draws.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(number: u64) -> Self {
        let mut draws = Self(number.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
        draws.next();
        draws
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 20
    }

    /// A number of both ends included.
    pub(crate) fn within(&mut self, least: i64, most: i64) -> i64 {
        least + (self.next() % ((most - least + 1) as u64)) as i64
    }

    fn one_in(&mut self, count: i64) -> bool {
        self.within(1, count) == 1
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.within(0, from.len() as i64 - 1) as usize].clone()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.within(0, end as i64) as usize);
        }
    }
}

impl Case {
    pub(crate) fn new(number: u64, kind: Kind) -> Self {
        let mut draws = Draws::new(number ^ ((kind as u64) << 48));
        let nodes = tree(&mut draws, if kind == Kind::Wide { 9 } else { 5 });
        let root = nodes[0].id.clone();
        let free = matches!(kind, Kind::Bounds | Kind::Wide);
        let most = if draws.one_in(9) { 3 } else { 600 };
        let cells = (kind == Kind::Solvable).then(|| cells(&mut draws, &nodes));
        let total = match &cells {
            Some(cells) => cells.values().flatten().sum(),
            None => draws.within(0, most),
        };
        let weighted = |draws: &mut Draws, gap: bool| -> [i64; MONTHS] {
            std::array::from_fn(|_| if gap && draws.one_in(8) { 0 } else { draws.within(1, 9) })
        };
        let mut plan = Plan {
            first_month: draws.within(-30, 700),
            month_weights: weighted(&mut draws, free),
            bounds: vec![Bound {
                node: root,
                period: Period::YEAR,
                lo: total,
                hi: total,
            }],
            ..Plan::default()
        };
        for node in nodes.iter().skip(1).filter(|node| !node.id.starts_with('~')) {
            let gap = free && draws.one_in(4);
            plan.shares.insert(node.id.clone(), weighted(&mut draws, gap));
        }
        let mut case = Self {
            nodes,
            plan,
            kind,
            number,
        };
        let count = draws.within(0, if cells.is_some() { 12 } else { 5 });
        for _ in 0..count {
            case.add_bound(&mut draws, kind, cells.as_ref());
        }
        if free {
            case.add_reserves(&mut draws);
        }
        case
    }

    /// The value of the root's year.
    pub(crate) fn total(&self) -> i64 {
        self.plan.bounds[0].lo
    }

    /// Whether the node is `above` or somewhere below it.
    pub(crate) fn is_below(&self, node: &str, above: &str) -> bool {
        let mut at = Some(node);
        while let Some(id) = at {
            if id == above {
                return true;
            }
            let row = self.nodes.iter().find(|row| row.id == id).expect("node");
            at = row.parent.as_deref();
        }
        false
    }

    pub(crate) fn is_bound(&self, node: &str, period: Period) -> bool {
        let is_same = |bound: &Bound| bound.node == node && bound.period == period;
        self.plan.bounds.iter().any(is_same)
    }

    /// The same rows in another order.
    pub(crate) fn shuffled(&self) -> (Vec<Node>, Plan) {
        let mut draws = Draws::new(!self.number);
        let (mut nodes, mut plan) = (self.nodes.clone(), self.plan.clone());
        draws.shuffle(&mut nodes);
        draws.shuffle(&mut plan.bounds);
        (nodes, plan)
    }

    fn add_bound(&mut self, draws: &mut Draws, kind: Kind, cells: Option<&Cells>) {
        let node = draws.pick(&self.nodes).id;
        let periods: Vec<Period> = Period::all().collect();
        let (months, longer) = periods.split_at(MONTHS);
        let period = if draws.one_in(2) {
            draws.pick(months)
        } else {
            draws.pick(longer)
        };
        let is_out = kind.nests_locks() && (node.starts_with('~') || self.nests(&node, period));
        if self.is_bound(&node, period) || is_out {
            return;
        }
        // About what an even division gives, so that some fit and some do not.
        let fair = self.total() * period.length() as i64 / 12;
        let most = fair * draws.within(1, 4) / 4;
        let value = match cells {
            Some(cells) => self.sum(cells, &node, period),
            None => draws.within(0, most.max(2)),
        };
        let forms = if matches!(kind, Kind::Bounds | Kind::Wide) {
            4
        } else {
            1
        };
        let (lo, hi) = match draws.within(0, forms) {
            2 => (value, VALUE_MAX),
            3 => (0, value),
            4 => (-value, value),
            _ => (value, value),
        };
        self.plan.bounds.push(Bound { node, period, lo, hi });
    }

    fn sum(&self, cells: &Cells, node: &str, period: Period) -> i64 {
        let below = cells.iter().filter(|(leaf, _)| self.is_below(leaf, node));
        below
            .map(|(_, months)| months[period.months()].iter().sum::<i64>())
            .sum()
    }

    /// Whether a lock would lie within a longer one of the same node or of one below it, the root apart.
    fn nests(&self, node: &str, period: Period) -> bool {
        let root = &self.nodes[0].id;
        let within = |inner: (&str, Period), outer: (&str, Period)| {
            let is_longer = outer.1 != inner.1 && outer.1.contains(inner.1);
            let is_same = outer.1 == inner.1 && outer.0 == inner.0;
            (is_longer || is_same) && self.is_below(outer.0, inner.0) && inner.0 != root
        };
        let others = self.plan.bounds.iter().map(|bound| (bound.node.as_str(), bound.period));
        let own = (node, period);
        others.into_iter().any(|other| within(own, other) || within(other, own))
    }

    fn add_reserves(&mut self, draws: &mut Draws) {
        let reserves: Vec<Node> = self
            .nodes
            .iter()
            .filter(|node| node.id.starts_with('~'))
            .cloned()
            .collect();
        for Node { id, parent } in reserves {
            let below = draws.pick(&[0, 0, 0, 5, 20]);
            let above = draws.pick(&[VALUE_MAX, VALUE_MAX, 0, 5, 40]);
            for month in Period::each_month().filter(|_| below > 0 || above < VALUE_MAX) {
                if !self.is_bound(&id, month) {
                    self.plan.bounds.push(Bound {
                        node: id.clone(),
                        period: month,
                        lo: -below,
                        hi: above,
                    });
                }
            }
            if draws.one_in(3) {
                let months = std::array::from_fn(|_| draws.within(-6, 6));
                self.plan
                    .reserves
                    .insert(parent.expect("a reserve has a parent"), months);
            }
        }
    }
}

/// Months of every leaf, few of them with anything; a reserve seldom has.
fn cells(draws: &mut Draws, nodes: &[Node]) -> Cells {
    let is_leaf = |node: &&Node| !nodes.iter().any(|other| other.parent.as_ref() == Some(&node.id));
    let mut cells = Cells::new();
    for node in nodes.iter().filter(is_leaf) {
        let gaps = if node.id.starts_with('~') { 9 } else { 2 };
        let months = std::array::from_fn(|_| if draws.one_in(gaps) { draws.within(1, 60) } else { 0 });
        cells.insert(node.id.clone(), months);
    }
    cells
}

/// A root, nodes below it, and the reserve of every node with children.
fn tree(draws: &mut Draws, most: i64) -> Vec<Node> {
    let count = draws.within(1, most);
    let mut names: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
    draws.shuffle(&mut names);
    let mut nodes: Vec<Node> = Vec::new();
    let mut children: BTreeMap<String, i64> = BTreeMap::new();
    for id in names {
        let parent = (!nodes.is_empty()).then(|| draws.pick(&nodes).id);
        if let Some(parent) = &parent {
            *children.entry(parent.clone()).or_default() += 1;
        }
        nodes.push(Node { id, parent });
    }
    nodes.extend(children.into_keys().map(|parent| Node {
        id: format!("~reserve.{parent}"),
        parent: Some(parent),
    }));
    nodes
}
