//! Many deals to which everything happens in turn, shown by one export after another.

use jiff::Span;
use jiff::civil::{Date, date};
use paceline_tests::Random;
use paceline_tests::oracle::{FinalDeal, Refund, Standing};

use crate::chains::{REPS, final_deal, floor, oracle};
use crate::deals_file::{DealRow, import_deals, own_mapping, refunds_csv};
use crate::recount::assert_counts;

/// One deal: the rows that its exports show, its refunds, and what it must count in the end.
#[derive(Debug)]
struct Chain {
    deal: DealRow,
    states: Vec<DealRow>,
    refunds: Vec<[String; 5]>,
    expected: Vec<FinalDeal>,
}

fn after(day: Date, days: i64) -> Date {
    day + Span::new().days(days)
}

fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

impl Chain {
    fn new(number: usize, random: &mut Random) -> Self {
        let opened = after(date(2025, 1, 6), random.between(0, 60));
        let mut deal = DealRow::opened(&format!("D{number:03}"), random.pick(&REPS).0, &opened.to_string());
        deal.account = format!("account {}", random.between(1, 12));
        let states = vec![deal.clone()];
        let mut chain = Self {
            deal,
            states,
            refunds: Vec::new(),
            expected: Vec::new(),
        };
        if random.chance(250) {
            chain.states.push(chain.deal.lost(&after(opened, 5).to_string()));
            chain.states.push(chain.deal.reopened(&after(opened, 9).to_string()));
        }
        if random.chance(150) {
            chain.lose(after(opened, 30));
        } else {
            chain.win(after(opened, random.between(10, 40)), random);
        }
        chain
    }

    fn lose(&mut self, on: Date) {
        self.states.push(self.deal.lost(&on.to_string()));
        self.expected.push(final_deal(&self.deal, Standing::Lost(on)));
    }

    fn win(&mut self, first_on: Date, random: &mut Random) {
        let (mut on, mut amount) = (first_on, random.between(1_000, 900_000));
        self.show_won(on, amount);
        if random.chance(300) {
            amount += random.between(-900, 5_000);
            self.show_won(on, amount);
        }
        if random.chance(200) {
            on = after(on, random.between(-5, 5));
            self.show_won(on, amount);
        }
        if random.chance(200) {
            self.deal = self.deal.of_rep(random.pick(&REPS).0);
            self.show_won(on, amount);
        }
        if random.chance(200) {
            on = self.reopen_and_win(on, amount, random);
        }
        let refunds = self.refund(on, amount, random);
        let cancelled_on = random.chance(200).then(|| after(on, 100));
        self.states
            .extend(cancelled_on.map(|day| self.deal.cancelled(&day.to_string())));
        let standing = Standing::Won {
            on,
            amount_minor: amount,
            cancelled_on,
            refunds,
        };
        self.expected.push(final_deal(&self.deal, standing));
    }

    fn show_won(&mut self, on: Date, amount: i64) {
        self.states.push(self.deal.won(&on.to_string(), &money(amount)));
    }

    /// The win is taken back and comes again later: it is booked twice.
    fn reopen_and_win(&mut self, on: Date, amount: i64, random: &mut Random) -> Date {
        let reopened_on = after(on, 20);
        self.states.push(self.deal.reopened(&reopened_on.to_string()));
        let cancelled_on = Some(reopened_on);
        let standing = Standing::Won {
            on,
            amount_minor: amount,
            cancelled_on,
            refunds: Vec::new(),
        };
        self.expected.push(final_deal(&self.deal, standing));
        let again_on = after(reopened_on, random.between(1, 20));
        self.show_won(again_on, amount);
        again_on
    }

    fn refund(&mut self, won_on: Date, amount: i64, random: &mut Random) -> Vec<Refund> {
        let part = random.between(1, amount - 1);
        let first = Refund {
            on: after(won_on, 15),
            minor: part,
        };
        let refunds = match random.between(0, 9) {
            0 | 1 => vec![first],
            2 => vec![
                first,
                Refund {
                    on: after(won_on, 40),
                    minor: amount - part,
                },
            ],
            3 => vec![Refund {
                on: after(won_on, 3),
                minor: amount,
            }],
            _ => Vec::new(),
        };
        for (at, refund) in refunds.iter().enumerate() {
            let name = format!("{}-R{at}", self.deal.deal);
            let (deal, rep) = (self.deal.deal.clone(), self.deal.rep.clone());
            self.refunds
                .push([name, deal, rep, refund.on.to_string(), money(refund.minor)]);
        }
        refunds
    }

    /// The row that an export shows; a last cancellation comes after all exports.
    fn shown(&self, export: usize) -> DealRow {
        let mut states = self
            .states
            .iter()
            .take(export + 1)
            .filter(|row| row.stage != "Cancelled");
        states.next_back().cloned().expect("every deal is opened")
    }
}

/// Every export comes twice; refunds come after the exports, and cancellations last.
#[test]
fn generated_chains_equal_the_recount() {
    let sandbox = floor();
    let mut random = Random::new(60_100);
    let chains: Vec<Chain> = (0..80).map(|number| Chain::new(number, &mut random)).collect();
    let longest = chains
        .iter()
        .map(|chain| chain.states.len())
        .max()
        .expect("there are chains");
    for export in 0..longest {
        let mut rows: Vec<DealRow> = chains.iter().map(|chain| chain.shown(export)).collect();
        random.shuffle(&mut rows);
        import_deals(&sandbox, &format!("export-{export}.csv"), &rows);
        rows.reverse();
        let again = import_deals(&sandbox, &format!("export-{export}-again.csv"), &rows);
        assert_eq!(again.published, 0, "export {export} twice: {}", again.whole);
    }
    let refunds: Vec<_> = chains.iter().flat_map(|chain| chain.refunds.clone()).collect();
    let file = sandbox.file("refunds.csv", refunds_csv(&refunds));
    assert_eq!(sandbox.import(&[&file], &own_mapping("refunds.toml")).rejected, 0);
    let last: Vec<DealRow> = chains.iter().filter_map(|chain| chain.states.last().cloned()).collect();
    import_deals(&sandbox, "last.csv", &last);
    assert_counts(
        &sandbox,
        &oracle(chains.into_iter().flat_map(|chain| chain.expected)),
        "seed 60100",
    );
    sandbox.fsck();
}
