//! What a call used, as the endpoint says in its answer. It is believed no further than it can be checked: a
//! figure that is none counts as not said.

use ringfence_pipeline::budget::{AMOUNT_MAX, Amount, NANO_USD, TokenPrices};
use serde_json::Value;

/// Tokens around the messages of a conversation that no byte of ours stands for.
const FRAME_TOKENS_MAX: i64 = 100;

/// What a request of so many bytes may use at most: no token is shorter than a byte.
pub(super) fn bound(request_bytes: usize, output_tokens_max: u32, prices: &TokenPrices) -> Amount {
    let input = i64::try_from(request_bytes).unwrap_or(AMOUNT_MAX).saturating_add(FRAME_TOKENS_MAX);
    let output = i64::from(output_tokens_max);
    amount(input, output, prices.of(input, output))
}

/// What the body of a chat completion says was used; none if it does not. An endpoint that reports what it
/// charges is charged by that, or by our prices if those come to more.
pub(super) fn said(body: &[u8], prices: &TokenPrices) -> Option<Amount> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let usage = &body["usage"];
    let tokens = |field: &str| usage[field].as_i64().filter(|tokens| (0..=AMOUNT_MAX).contains(tokens));
    let (input, output) = (tokens("prompt_tokens")?, tokens("completion_tokens")?);
    let ours = prices.of(input, output);
    Some(amount(input, output, reported(usage).map_or(ours, |cost| cost.max(ours))))
}

/// What the endpoint reports to charge (OpenRouter's `usage.cost`, in dollars), in nano-dollars rounded up.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn reported(usage: &Value) -> Option<i64> {
    let cost = (usage["cost"].as_f64()? * NANO_USD as f64).ceil();
    (0.0..=AMOUNT_MAX as f64).contains(&cost).then_some(cost as i64)
}

fn amount(input: i64, output: i64, nano_usd: i64) -> Amount {
    let tokens = input.saturating_add(output).min(AMOUNT_MAX);
    Amount { nano_usd: nano_usd.min(AMOUNT_MAX), tokens, runs: 0, sandbox_ms: 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PRICES: TokenPrices = TokenPrices { input: 2 * NANO_USD, output: 8 * NANO_USD };

    fn read(usage: &Value) -> Option<(i64, i64)> {
        let body = json!({ "usage": usage }).to_string();
        said(body.as_bytes(), &PRICES).map(|used| (used.tokens, used.nano_usd))
    }

    #[test]
    fn what_is_said_is_charged_at_our_prices_or_more() {
        let tokens = json!({ "prompt_tokens": 100, "completion_tokens": 50 });
        assert_eq!(read(&tokens), Some((150, 600_000)));
        let with_cost = |cost: Value| {
            let mut usage = tokens.clone();
            usage["cost"] = cost;
            read(&usage).map(|used| used.1)
        };
        assert_eq!(with_cost(json!(0.0123)), Some(12_300_000));
        for cost in [json!(0.0), json!(-5), json!("1"), json!(1e300), json!(null)] {
            assert_eq!(with_cost(cost), Some(600_000));
        }
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        for usage in [
            json!(null),
            json!({}),
            json!({ "prompt_tokens": 1 }),
            json!({ "prompt_tokens": -1, "completion_tokens": 1 }),
            json!({ "prompt_tokens": 1.5, "completion_tokens": 1 }),
            json!({ "prompt_tokens": "1", "completion_tokens": 1 }),
            json!({ "prompt_tokens": 9_000_000_000_000_000_000_i64, "completion_tokens": 1 }),
        ] {
            assert_eq!(read(&usage), None, "{usage}");
        }
        assert_eq!(said(b"<html>", &PRICES), None);
    }

    #[test]
    fn a_bound_has_room_for_every_byte() {
        let bound = bound(1000, 500, &PRICES);
        assert_eq!((bound.tokens, bound.nano_usd), (1600, 1100 * 2000 + 500 * 8000));
    }
}
