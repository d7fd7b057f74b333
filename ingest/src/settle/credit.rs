//! Shares of an amount: whole minor units whose sum is the amount.

use paceline_schemas::symbol::CreditRole;

/// Basis points of a whole deal.
pub(super) const WHOLE_BP: i64 = 10_000;

/// One rep's claim on an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) role: CreditRole,
    pub(super) bp: i64,
    /// What the rep can get at most.
    pub(super) most: i64,
}

impl Claim {
    pub(super) fn of(role: CreditRole, bp: i64) -> Self {
        Self {
            role,
            bp,
            most: i64::MAX,
        }
    }

    fn counts(self) -> bool {
        self.role != CreditRole::Overlay
    }
}

/// Divides `amount` among `claims` by largest remainder, ties to the owner and then in order.
///
/// Owners and splits of 10,000 together share the whole amount; what one cannot take goes to the others. Overlays get
/// their part on top. Where only some of the reps are known, each gets its own part, rounded towards the owner.
pub(super) fn divide(amount: i64, claims: &[Claim]) -> Vec<i64> {
    let total: i64 = claims.iter().filter(|claim| claim.counts()).map(|claim| claim.bp).sum();
    let mut parts: Vec<i64> = claims
        .iter()
        .map(|claim| {
            if total != WHOLE_BP && claim.role == CreditRole::Owner {
                amount - portion(amount, WHOLE_BP - claim.bp)
            } else {
                portion(amount, claim.bp)
            }
        })
        .collect();
    if total == WHOLE_BP {
        let shared: i64 = claims
            .iter()
            .zip(&parts)
            .filter(|(claim, _)| claim.counts())
            .map(|(_, part)| part)
            .sum();
        let mut order: Vec<usize> = (0..claims.len())
            .filter(|at| claims.get(*at).is_some_and(|claim| claim.counts()))
            .collect();
        order.sort_by_key(|at| {
            let claim = claims.get(*at);
            let rest = claim.map_or(0, |claim| remainder(amount, claim.bp));
            let owns = claim.is_some_and(|claim| claim.role == CreditRole::Owner);
            (-rest, !owns, *at)
        });
        let missing = usize::try_from(amount - shared).unwrap_or(0);
        for at in order.into_iter().take(missing) {
            if let Some(part) = parts.get_mut(at) {
                *part += 1;
            }
        }
    }
    limit(&mut parts, claims, total == WHOLE_BP);
    parts
}

/// Cuts parts down to what each rep can get, and passes the rest on to those who can take it, owners first.
fn limit(parts: &mut [i64], claims: &[Claim], pass_on: bool) {
    let mut rest = 0;
    for (part, claim) in parts.iter_mut().zip(claims) {
        let over = (*part - claim.most).max(0);
        *part -= over;
        if claim.counts() {
            rest += over;
        }
    }
    if !pass_on {
        return;
    }
    for role in [CreditRole::Owner, CreditRole::Split] {
        for (part, claim) in parts.iter_mut().zip(claims).filter(|(_, claim)| claim.role == role) {
            let more = rest.min(claim.most.saturating_sub(*part)).max(0);
            *part += more;
            rest -= more;
        }
    }
}

fn portion(amount: i64, bp: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(bp) / i128::from(WHOLE_BP);
    i64::try_from(exact).unwrap_or(i64::MAX)
}

fn remainder(amount: i64, bp: i64) -> i64 {
    let rest = i128::from(amount) * i128::from(bp) % i128::from(WHOLE_BP);
    i64::try_from(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CreditRole::{Overlay, Owner, Split};

    fn check(amount: i64, claims: &[(CreditRole, i64)], expected: &[i64]) {
        let claims: Vec<Claim> = claims.iter().map(|(role, bp)| Claim::of(*role, *bp)).collect();
        assert_eq!(divide(amount, &claims), expected);
    }

    #[test]
    fn the_largest_remainder_decides_and_ties_go_to_the_owner() {
        check(100, &[(Owner, 10_000)], &[100]);
        check(101, &[(Split, 5_000), (Owner, 5_000)], &[50, 51]);
        check(100, &[(Owner, 3_334), (Split, 3_333), (Split, 3_333)], &[34, 33, 33]);
        check(10, &[(Owner, 3_300), (Split, 3_300), (Split, 3_400)], &[3, 3, 4]);
        check(0, &[(Owner, 5_000), (Split, 5_000)], &[0, 0]);
    }

    #[test]
    fn overlays_come_on_top() {
        check(99, &[(Owner, 10_000), (Overlay, 5_000)], &[99, 49]);
    }

    #[test]
    fn parts_that_are_stated_one_by_one_sum_to_the_amount_too() {
        check(101, &[(Owner, 6_000)], &[61]);
        check(101, &[(Split, 4_000)], &[40]);
    }

    #[test]
    fn what_one_rep_cannot_take_goes_to_the_others() {
        let limited = |role, bp, most| Claim { role, bp, most };
        let claims = [limited(Owner, 5_000, 3), limited(Split, 5_000, 100)];
        assert_eq!(divide(20, &claims), [3, 17]);
        assert_eq!(
            divide(20, &[limited(Owner, 5_000, 100), limited(Split, 5_000, 0)]),
            [20, 0]
        );
    }
}
