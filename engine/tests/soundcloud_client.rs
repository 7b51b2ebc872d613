//! One call at a time: tokens, limits, retries, redirects. Nothing here opens a socket; time is a number.

use proptest::prelude::*;
use sgr_engine::soundcloud::{
    Answer, ApiError, Backoff, Breaker, CLIENT_ID_MASK, CallFailure, Client, ClientConfig, Crawl, CrawlConfig,
    Credentials, DAY, DailyBudget, Endpoints, Fetch, Include, MAX_HOLD, Method, Micros, Request, Response, SECOND,
    SoundcloudError, Start, Step, TOKEN_MARGIN, TokenBucket, TransportError, UnsafeUrl, WaitReason,
};
use url::Url;

const NOW: Micros = 1_700_000_000 * SECOND;
const TRACK: &str = "https://api.soundcloud.com/tracks/soundcloud:tracks:7";
/// What is asked to see whether it is the call that is to blame.
const PROBE: &str = "https://api.soundcloud.com/tracks?q=music&limit=1";

fn config() -> ClientConfig {
    // Fast, so that only the waits that a test is about are met.
    ClientConfig { rate: 1000.0, burst: 1000, ..ClientConfig::new(Endpoints::default()) }
}

fn client_with(config: ClientConfig) -> Client {
    let credentials = Credentials { client_id: "the-id".to_owned(), client_secret: "the-secret".into() };
    Client::new(config, credentials).expect("the config is good")
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("it is a URL")
}

fn sent(step: Result<Step, SoundcloudError>) -> Request {
    match step {
        Ok(Step::Send(request)) => request,
        other => panic!("something to send was expected, not {other:?}"),
    }
}

fn waits(step: Result<Step, SoundcloudError>) -> (Micros, WaitReason) {
    match step {
        Ok(Step::Wait { until, reason }) => (until, reason),
        other => panic!("a wait was expected, not {other:?}"),
    }
}

fn done(step: Result<Step, SoundcloudError>) -> Result<Answer, CallFailure> {
    match step {
        Ok(Step::Done(answer)) => answer,
        other => panic!("an answer was expected, not {other:?}"),
    }
}

fn token(name: &str, refresh: Option<&str>) -> Response {
    let refresh = refresh.map_or(String::new(), |token| format!(r#","refresh_token":"{token}""#));
    let body = format!(r#"{{"access_token":"{name}","expires_in":3599,"token_type":"bearer"{refresh}}}"#);
    Response::json(200, body.as_bytes())
}

/// A client that has a token and is in the middle of a call.
fn calling(config: ClientConfig) -> Client {
    let mut client = client_with(config);
    client.begin(url(TRACK));
    sent(client.next(NOW));
    client.receive(Ok(token("token-1", None)), NOW);
    assert_eq!(sent(client.next(NOW)).url.as_str(), TRACK);
    client
}

fn answers(client: &mut Client, response: Response, now: Micros) {
    client.receive(Ok(response), now);
}

fn error(body: &str) -> ApiError {
    ApiError::read(&Response::json(429, body.as_bytes()), NOW)
}

// Tokens ----------------------------------------------------------------------------------------------------------------

#[test]
fn a_token_is_asked_for_once_with_basic_credentials_and_then_used_as_oauth() {
    let mut client = client_with(config());
    client.begin(url(TRACK));
    let request = sent(client.next(NOW));
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://secure.soundcloud.com/oauth/token"));
    assert_eq!(request.authorization.expose(), "Basic dGhlLWlkOnRoZS1zZWNyZXQ=");
    assert_eq!(request.form.expect("a form").expose(), "grant_type=client_credentials");
    client.receive(Ok(token("token-1", None)), NOW);
    for _ in 0..3 {
        let request = sent(client.next(NOW));
        assert_eq!((request.method, request.authorization.expose()), (Method::Get, "OAuth token-1"));
        client.receive(Ok(Response::json(200, b"{}")), NOW);
        assert_eq!(done(client.next(NOW)), Ok(Answer::Body("{}".to_owned())));
        client.begin(url(TRACK));
    }
    assert_eq!(client.requests(), 4);
}

#[test]
fn a_token_is_renewed_before_it_expires_with_the_refresh_token_which_is_used_once() {
    let mut client = client_with(config());
    client.begin(url(TRACK));
    sent(client.next(NOW));
    client.receive(Ok(token("token-1", Some("refresh-1"))), NOW);
    let last = NOW + 3599 * SECOND - TOKEN_MARGIN - 1;
    assert_eq!(sent(client.next(last)).authorization.expose(), "OAuth token-1");
    let request = sent(client.next(last + 1));
    let form = request.form.expect("a form");
    assert_eq!(form.expose(), "grant_type=refresh_token&refresh_token=refresh-1");
    // The answer is lost: the refresh token may have been used, so it is not sent again.
    client.receive(Err(TransportError::Timeout), last + 1);
    let (until, _) = waits(client.next(last + 1));
    let request = sent(client.next(until));
    assert_eq!(request.form.expect("a form").expose(), "grant_type=client_credentials");
    client.receive(Ok(token("token-2", Some("refresh-2"))), until);
    assert_eq!(sent(client.next(until)).authorization.expose(), "OAuth token-2");
}

#[test]
fn a_stale_refresh_token_leads_back_to_the_credentials() {
    let mut client = client_with(config());
    client.begin(url(TRACK));
    sent(client.next(NOW));
    client.receive(Ok(token("token-1", Some("refresh-1"))), NOW);
    let later = NOW + DAY;
    assert!(sent(client.next(later)).form.expect("a form").expose().contains("refresh-1"));
    answers(&mut client, Response::json(400, br#"{"code":400,"message":"invalid_grant","link":"x"}"#), later);
    let (until, _) = waits(client.next(later));
    assert_eq!(sent(client.next(until)).form.expect("a form").expose(), "grant_type=client_credentials");
}

#[test]
fn a_401_in_the_middle_asks_for_a_new_token_once_and_sends_the_call_again() {
    let mut client = calling(config());
    answers(&mut client, Response { status: 401, ..Response::default() }, NOW);
    assert_eq!(sent(client.next(NOW)).method, Method::Post);
    client.receive(Ok(token("token-2", None)), NOW);
    let again = sent(client.next(NOW));
    assert_eq!((again.url.as_str(), again.authorization.expose()), (TRACK, "OAuth token-2"));
    answers(&mut client, Response::json(200, b"[]"), NOW);
    assert_eq!(done(client.next(NOW)), Ok(Answer::Body("[]".to_owned())));
}

/// What a 401 leads to where the token is not to blame, from the probe on.
fn refused_by_probe(client: &mut Client, token: &str) {
    let probe = sent(client.next(NOW));
    assert_eq!((probe.url.as_str(), probe.authorization.expose()), (PROBE, format!("OAuth {token}").as_str()));
    answers(client, Response::json(200, b"[]"), NOW);
    assert_eq!(done(client.next(NOW)).expect_err("it is refused").to_string(), "401: empty body");
}

fn unauthorized() -> Response {
    Response { status: 401, ..Response::default() }
}

#[test]
fn a_401_for_a_fresh_token_too_is_the_calls_own_fault_if_the_token_is_good_for_something_else() {
    let mut client = calling(config());
    answers(&mut client, unauthorized(), NOW);
    assert_eq!(sent(client.next(NOW)).method, Method::Post);
    client.receive(Ok(token("token-2", None)), NOW);
    sent(client.next(NOW));
    answers(&mut client, unauthorized(), NOW);
    refused_by_probe(&mut client, "token-2");

    let mut client = calling(config());
    answers(&mut client, unauthorized(), NOW);
    sent(client.next(NOW));
    client.receive(Ok(token("token-2", None)), NOW);
    for asked in [TRACK, PROBE] {
        assert_eq!(sent(client.next(NOW)).url.as_str(), asked);
        answers(&mut client, unauthorized(), NOW);
    }
    assert!(matches!(client.next(NOW), Err(SoundcloudError::TokenRefused { .. })));
    assert!(matches!(client.next(NOW + DAY), Err(SoundcloudError::TokenRefused { .. })));
}

#[test]
fn things_that_answer_401_one_after_the_other_cost_no_token_and_do_not_end_the_crawl() {
    let mut client = calling(config());
    answers(&mut client, Response::json(200, b"{}"), NOW);
    assert!(done(client.next(NOW)).is_ok());
    for id in 8..12 {
        client.begin(url(&format!("https://api.soundcloud.com/tracks/soundcloud:tracks:{id}")));
        assert_eq!(sent(client.next(NOW)).authorization.expose(), "OAuth token-1");
        answers(&mut client, unauthorized(), NOW);
        refused_by_probe(&mut client, "token-1");
    }
    // A token that was good and is no more is replaced, and the call is sent again.
    client.begin(url(TRACK));
    for asked in [TRACK, PROBE] {
        assert_eq!(sent(client.next(NOW)).url.as_str(), asked);
        answers(&mut client, unauthorized(), NOW);
    }
    assert_eq!(sent(client.next(NOW)).method, Method::Post);
    client.receive(Ok(token("token-2", None)), NOW);
    let again = sent(client.next(NOW));
    assert_eq!((again.url.as_str(), again.authorization.expose()), (TRACK, "OAuth token-2"));
    answers(&mut client, Response::json(200, b"{}"), NOW);
    assert!(done(client.next(NOW)).is_ok());
}

#[test]
fn the_next_client_goes_on_with_the_tokens_and_a_revoked_one_is_replaced() {
    let first = calling(config());
    let mut next = client_with(config());
    next.set_tokens(first.tokens().clone());
    next.begin(url(TRACK));
    assert!(next.has_token(NOW));
    assert_eq!(sent(next.next(NOW)).authorization.expose(), "OAuth token-1");
    answers(&mut next, unauthorized(), NOW);
    assert_eq!(sent(next.next(NOW)).method, Method::Post);
}

#[test]
fn a_refused_refresh_token_never_passes_for_wrong_credentials() {
    for (status, body) in [(400, r#"{"error":"invalid_request"}"#), (401, ""), (401, "{}"), (403, "")] {
        let mut client = client_with(config());
        client.begin(url(TRACK));
        sent(client.next(NOW));
        client.receive(Ok(token("token-1", Some("refresh-1"))), NOW);
        let later = NOW + DAY;
        assert!(sent(client.next(later)).form.expect("a form").expose().contains("refresh-1"));
        answers(&mut client, Response::json(status, body.as_bytes()), later);
        let (until, _) = waits(client.next(later));
        assert_eq!(sent(client.next(until)).form.expect("a form").expose(), "grant_type=client_credentials");
        answers(&mut client, Response::json(401, b""), until);
        assert!(matches!(client.next(until), Err(SoundcloudError::Credentials { .. })), "{status} {body}");
    }
}

#[test]
fn wrong_credentials_end_everything_at_once() {
    for body in [r#"{"code":401,"message":"invalid_client","link":"x"}"#, r#"{"error":"invalid_client"}"#, ""] {
        let mut client = client_with(config());
        client.begin(url(TRACK));
        sent(client.next(NOW));
        answers(&mut client, Response::json(401, body.as_bytes()), NOW);
        let error = client.next(NOW).expect_err("no call has any prospect");
        assert!(matches!(error, SoundcloudError::Credentials { .. }));
        assert!(!error.to_string().contains("the-secret"));
    }
}

#[test]
fn the_token_rate_limit_is_waited_for_until_its_reset_time() {
    let mut client = client_with(config());
    client.begin(url(TRACK));
    let at = 1_653_582_600 * SECOND;
    sent(client.next(at));
    let body = br#"{"errors":[{"meta":{"rate_limit":{"bucket":"by-ip","max_nr_of_requests":30,"time_window":"PT1H",
        "name":"client-credentials-exchange"},"remaining_requests":0,"reset_time":"2022/05/26 16:31:52 +0000"}}]}"#;
    answers(&mut client, Response::json(429, body), at);
    let (until, reason) = waits(client.next(at));
    let reset = 1_653_582_712 * SECOND;
    assert!((reset..=reset + SECOND).contains(&until), "{until}");
    assert_eq!(reason, WaitReason::RateLimit(Some("client-credentials-exchange".to_owned())));
    assert_eq!(sent(client.next(until)).method, Method::Post);
}

#[test]
fn an_answer_without_a_usable_token_counts_as_a_failure() {
    for body in ["{}", "", "[]", r#"{"access_token":""}"#, r#"{"access_token":"a\r\nX: y"}"#, "<html>"] {
        let mut client = client_with(config());
        client.begin(url(TRACK));
        sent(client.next(NOW));
        answers(&mut client, Response::json(200, body.as_bytes()), NOW);
        assert!(matches!(waits(client.next(NOW)).1, WaitReason::Backoff { attempt: 1, .. }), "{body}");
    }
}

// Errors and rate limits ------------------------------------------------------------------------------------------------

#[test]
fn all_four_shapes_of_429_are_read() {
    let reset = |text: &str| Some(text.parse::<Micros>().expect("a number") * SECOND);
    for (body, limit, message, at) in [
        (
            r#"{"errors":[{"meta":{"rate_limit":{"group":"plays","max_nr_of_requests":15000,"time_window":"PT24H"},
                "remaining_requests":0,"reset_time":"2033/06/01 09:49:40 +0000"}}]}"#,
            Some("plays"),
            "rate limit plays",
            reset("2001232180"),
        ),
        (
            r#"{"errors":[{"meta":{"rate_limit":{"bucket":"by-ip","max_nr_of_requests":30,"time_window":"PT1H",
                "name":"client-credentials-exchange"},"remaining_requests":0,"reset_time":"2033-06-01T09:49:40Z"}}]}"#,
            Some("client-credentials-exchange"),
            "rate limit client-credentials-exchange",
            reset("2001232180"),
        ),
        (
            r#"{"code":429,"message":"rate_limit_exceeded","link":"https://x","status":"429 - Too Many Requests",
                "errors":[{"error_message":"rate_limit_exceeded"}],"error":null,"error_code":"rate_limit_exceeded"}"#,
            None,
            "rate_limit_exceeded",
            None,
        ),
        (r#"{"error":"rate_limit_exceeded"}"#, None, "rate_limit_exceeded", None),
    ] {
        let read = error(body);
        assert_eq!((read.limit.as_deref(), read.message.as_str(), read.retry_at), (limit, message, at), "{body}");
    }
}

#[test]
fn other_error_bodies_are_read_new_old_and_empty() {
    for (body, message) in [
        (r#"{"code":404,"message":"not found","link":"https://x"}"#, "not found"),
        (r#"{"errors":[{"error_message":"404 - Not Found"}]}"#, "404 - Not Found"),
        (r#"{"error":"invalid_grant","error_description":"too old"}"#, "invalid_grant: too old"),
        ("", "empty body"),
        ("<html>gateway</html>", "20 bytes that say nothing"),
        (r#"{"message":""}"#, "14 bytes that say nothing"),
        (r#"{"message":"bad client_id=abc"}"#, "bad client_id=***"),
        (r#"{"errors":[]}"#, "13 bytes that say nothing"),
        ("[[[[[[[[[[1]]]]]]]]]]", "21 bytes that say nothing"),
    ] {
        assert_eq!(error(body).message, message, "{body}");
    }
}

#[test]
fn credentials_in_a_page_are_covered_and_the_client_id_is_put_back_where_a_cursor_is_made_of_it() {
    let (id, secret) = ("Zx81+/client=Q", "a-secret-of-twenty-20");
    let credentials = Credentials { client_id: id.to_owned(), client_secret: secret.into() };
    let mut client = Client::new(config(), credentials).expect("the config is good");
    client.begin(url(TRACK));
    sent(client.next(NOW));
    client.receive(Ok(token("access-token-1", Some("refresh-token-1"))), NOW);
    sent(client.next(NOW));
    let basic = "Wng4MSsvY2xpZW50PVE6YS1zZWNyZXQtb2YtdHdlbnR5LTIw";
    let body = format!(
        r#"{{"next_href":"https://x/y?cursor=7-Zx81%2B%2Fclient%3DQ&client_id=Zx81%2B%2Fclient%3DQ","a":"{id} {secret}","b":"access-token-1 refresh-token-1 {basic}"}}"#
    );
    client.receive(Ok(Response::json(200, body.as_bytes())), NOW);
    let covered = format!(
        r#"{{"next_href":"https://x/y?cursor=7-{CLIENT_ID_MASK}&client_id={CLIENT_ID_MASK}","a":"{CLIENT_ID_MASK} ***","b":"*** *** ***"}}"#
    );
    assert_eq!(done(client.next(NOW)), Ok(Answer::Body(covered)));
    client.begin(url(&format!("{TRACK}?cursor=7-{CLIENT_ID_MASK}&limit=5")));
    assert_eq!(sent(client.next(NOW)).url.query(), Some("cursor=7-Zx81%2B%2Fclient%3DQ&limit=5"));
    assert!(!format!("{client:?}").contains("Zx81"), "{client:?}");
    // What fails is told without them, too.
    client.receive(Ok(Response::json(500, format!(r#"{{"message":"{id} and {secret}"}}"#).as_bytes())), NOW);
    let (_, reason) = waits(client.next(NOW));
    let WaitReason::Backoff { failure, .. } = &reason else { panic!("{reason:?}") };
    assert!(failure.ends_with("*** and ***"), "{failure}");
}

#[test]
fn retry_after_goes_before_the_reset_time_and_may_be_seconds_or_a_date() {
    let body = br#"{"errors":[{"meta":{"rate_limit":{"group":"plays"},"reset_time":"2033/06/01 09:49:40 +0000"}}]}"#;
    let read = |retry_after: &str| {
        let response = Response { retry_after: Some(retry_after.to_owned()), ..Response::json(429, body) };
        ApiError::read(&response, NOW).retry_at
    };
    assert_eq!(read("17"), Some(NOW + 17 * SECOND));
    assert_eq!(read("Tue, 14 Nov 2023 22:14:00 GMT"), Some(1_700_000_040 * SECOND));
    // What cannot be read is passed over, and a time that is over says nothing.
    assert_eq!(read("soon"), Some(2_001_232_180 * SECOND));
    assert_eq!(read("Thu, 01 Jan 1970 00:00:10 GMT"), None);
}

#[test]
fn a_429_with_a_time_is_obeyed_to_the_microsecond_and_holds_the_next_call_too() {
    let mut client = calling(config());
    let response = Response { retry_after: Some("30".to_owned()), ..Response::json(429, b"{}") };
    answers(&mut client, response, NOW);
    let (until, _) = waits(client.next(NOW));
    assert!((NOW + 30 * SECOND..=NOW + 31 * SECOND).contains(&until));
    client.begin(url("https://api.soundcloud.com/users/soundcloud:users:1"));
    assert_eq!(waits(client.next(until - 1)).0, until);
    sent(client.next(until));
}

#[test]
fn a_429_without_a_time_backs_off_longer_each_time_and_ends_everything_at_last() {
    let mut client = calling(ClientConfig { rate_limits: 4, ..config() });
    let mut now = NOW;
    for met in 1..=4u32 {
        answers(&mut client, Response::json(429, br#"{"error":"rate_limit_exceeded"}"#), now);
        let (until, reason) = waits(client.next(now));
        assert_eq!(reason, WaitReason::RateLimit(None));
        let whole = SECOND << (met - 1);
        assert!((whole / 2..=whole).contains(&(until - now)), "{met}: {}", until - now);
        now = until;
        sent(client.next(now));
    }
    // The next call would meet the same limit: passed over one after the other, they would leave an empty crawl.
    answers(&mut client, Response::json(429, b"{}"), now);
    let error = client.next(now).expect_err("no call has any prospect");
    assert!(matches!(error, SoundcloudError::Unavailable { failures: 5, .. }), "{error}");
    // Whoever tries again has to wait all the same.
    assert!(client.hold_until(now).is_some());
}

#[test]
fn a_hold_outlives_the_client() {
    let mut client = calling(config());
    assert_eq!(client.hold_until(NOW), None);
    let response = Response { retry_after: Some("3000".to_owned()), ..Response::json(429, b"{}") };
    answers(&mut client, response, NOW);
    let until = client.hold_until(NOW).expect("it is held");
    assert_eq!((waits(client.next(NOW)).0, client.hold_until(until)), (until, None));

    let mut next = client_with(config());
    next.set_hold(until, NOW + SECOND);
    assert_eq!(next.hold_until(NOW + SECOND), Some(until));
    next.begin(url(TRACK));
    assert_eq!(waits(next.next(NOW + SECOND)), (until, WaitReason::Held));
    sent(next.next(until));
    // A clock that was set back does not hold for longer than a service may ask for.
    next.set_hold(NOW + 1000 * DAY, NOW);
    assert_eq!(next.hold_until(NOW), Some(NOW + MAX_HOLD));

    let mut client = calling(ClientConfig { failures_to_open: 1, ..config() });
    answers(&mut client, Response::json(503, b""), NOW);
    assert_eq!(client.hold_until(NOW), Some(NOW + 60 * SECOND));
}

#[test]
fn rate_limits_do_not_open_the_breaker() {
    let mut client = calling(ClientConfig { failures_to_open: 1, ..config() });
    let mut now = NOW;
    for _ in 0..5 {
        answers(&mut client, Response::json(429, b"{}"), now);
        let (until, reason) = waits(client.next(now));
        assert!(matches!(reason, WaitReason::RateLimit(_)));
        now = until;
        sent(client.next(now));
    }
}

#[test]
fn an_absurd_retry_after_is_cut_to_a_day() {
    let mut client = calling(config());
    let response = Response { retry_after: Some("4000000000".to_owned()), ..Response::json(429, b"") };
    answers(&mut client, response, NOW);
    assert!(waits(client.next(NOW)).0 <= NOW + MAX_HOLD + SECOND);
}

// Failures --------------------------------------------------------------------------------------------------------------

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
    let html = Response { content_type: Some("text/html".to_owned()), ..Response::json(200, b"<html></html>") };
    let again = [
        Ok(Response::json(500, b"")),
        Ok(Response::json(502, b"<html>")),
        Ok(Response::json(503, br#"{"code":503,"message":"later"}"#)),
        Ok(Response::json(408, b"")),
        Ok(html),
        Ok(Response::json(200, br#"{"collection":[{"urn":"soundcloud:tr"#)),
        Ok(Response::json(200, b"")),
        Ok(Response::json(200, b"\xff\xfe{}")),
        Err(TransportError::Timeout),
        Err(TransportError::Broken),
        Err(TransportError::Connect("refused".to_owned())),
    ];
    for result in again {
        let mut client = calling(config());
        client.receive(result.clone(), NOW);
        let (until, reason) = waits(client.next(NOW));
        assert!(matches!(reason, WaitReason::Backoff { attempt: 1, .. }), "{result:?}: {reason:?}");
        assert_eq!(sent(client.next(until)).url.as_str(), TRACK);
        client.receive(Ok(Response::json(200, b"{}")), until);
        assert_eq!(done(client.next(until)), Ok(Answer::Body("{}".to_owned())));
    }
    for status in [400, 403, 404, 410, 422, 451] {
        let mut client = calling(config());
        answers(&mut client, Response { status, ..Response::default() }, NOW);
        let failure = done(client.next(NOW)).expect_err("it is refused");
        assert_eq!(failure.to_string(), format!("{status}: empty body"));
    }
    let mut client = calling(config());
    client.receive(Err(TransportError::TooLarge { limit: 9 }), NOW);
    assert!(matches!(done(client.next(NOW)), Err(CallFailure::Transport(TransportError::TooLarge { limit: 9 }))));
}

#[test]
fn json_is_json_whatever_the_header_calls_it_and_a_byte_order_mark_is_no_fault() {
    for kind in [Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("application/hal+json"), None]
    {
        let mut client = calling(config());
        let response = Response { content_type: kind.map(str::to_owned), ..Response::json(200, b"\xef\xbb\xbf{}") };
        answers(&mut client, response, NOW);
        assert_eq!(done(client.next(NOW)), Ok(Answer::Body("\u{feff}{}".to_owned())), "{kind:?}");
    }
}

#[test]
fn a_call_is_given_up_after_its_attempts_and_the_next_one_has_its_own() {
    let mut client = calling(ClientConfig { attempts: 3, failures_to_open: 100, ..config() });
    let mut now = NOW;
    for attempt in 1..=3 {
        answers(&mut client, Response::json(500, br#"{"code":500,"message":"oops"}"#), now);
        if attempt < 3 {
            now = waits(client.next(now)).0;
            sent(client.next(now));
        }
    }
    let failure = done(client.next(now)).expect_err("three attempts");
    assert_eq!(failure.to_string(), "failed 3 times, the last time: 500: oops");
    client.begin(url(TRACK));
    now = waits(client.next(now)).0;
    sent(client.next(now));
    answers(&mut client, Response::json(200, b"{}"), now);
    assert!(done(client.next(now)).is_ok());
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let mut client = calling(config());
    assert_eq!(sent(client.next(NOW)).url.as_str(), TRACK);
    // An answer to nothing is passed over.
    let mut idle = client_with(config());
    idle.receive(Ok(Response::json(200, b"{}")), NOW);
    assert_eq!(idle.next(NOW), Err(SoundcloudError::NothingAsked));
}

#[test]
fn the_breaker_opens_lets_one_through_and_closes_on_success() {
    let mut breaker = Breaker::new(3, 60 * SECOND, 2);
    for _ in 0..2 {
        breaker.failed(NOW);
        assert_eq!(breaker.open_until(), None);
    }
    breaker.failed(NOW);
    assert_eq!(breaker.open_until(), Some(NOW + 60 * SECOND));
    // Half open: one failure opens it again, for twice as long.
    breaker.failed(NOW + 60 * SECOND);
    assert_eq!(breaker.open_until(), Some(NOW + 180 * SECOND));
    assert!(!breaker.is_spent());
    let mut closed = breaker.clone();
    closed.succeeded();
    assert_eq!((closed.open_until(), closed.failures()), (None, 0));
    breaker.failed(NOW + 180 * SECOND);
    assert!(breaker.is_spent());
}

#[test]
fn after_repeated_failures_nothing_is_sent_while_the_breaker_is_open_and_at_last_it_gives_up() {
    let config = ClientConfig { attempts: 100, failures_to_open: 2, max_openings: 3, base_delay: 1000, ..config() };
    let mut client = calling(config);
    let (mut now, mut sendings, mut opened) = (NOW, 1, 0);
    let error = loop {
        client.receive(Ok(Response::json(503, b"")), now);
        match client.next(now) {
            Ok(Step::Wait { until, reason }) => {
                opened += u32::from(matches!(reason, WaitReason::Breaker { .. }));
                now = until;
                sent(client.next(now));
                sendings += 1;
            }
            Err(error) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((sendings, opened), (5, 3));
    assert_eq!(error, SoundcloudError::Unavailable { failures: 5, last: "503: empty body".to_owned() });
    // 60 + 120 + 240 seconds of pauses.
    assert!(now - NOW >= 420 * SECOND);
}

/// A crawl in the middle of a list, what it asks for next, and a client of the defaults that is asking it.
fn reading_likes() -> (Crawl, Fetch, Client) {
    let start = Start::Urn("soundcloud:users:7".to_owned());
    let config = CrawlConfig { include: [Include::Likes].into(), ..CrawlConfig::new(start) };
    let mut crawl = Crawl::new(config).expect("a good config");
    let mut client = client_with(ClientConfig::new(Endpoints::default()));
    crawl.next(NOW, client.endpoints()).expect("the start");
    let user = r#"{"kind":"user","urn":"soundcloud:users:7","username":"Sol"}"#.to_owned();
    crawl.receive(Ok(Answer::Body(user)), client.endpoints(), NOW).expect("a user");
    let fetch = crawl.next(NOW, client.endpoints()).expect("the list");
    assert!(fetch.url.path().ends_with("/likes/tracks"), "{}", fetch.url);
    client.begin(fetch.url.clone());
    sent(client.next(NOW));
    client.receive(Ok(token("token-1", None)), NOW);
    (crawl, fetch, client)
}

/// Answers each request with what `answer` says of the URL and the time, until the call is over; and what was sent.
fn drive(
    client: &mut Client,
    answer: impl Fn(&str, Micros) -> Response,
) -> (Result<Result<Answer, CallFailure>, SoundcloudError>, Vec<String>, Micros) {
    let (mut now, mut asked) = (NOW, Vec::new());
    loop {
        match client.next(now) {
            Ok(Step::Send(request)) => {
                asked.push(request.url.to_string());
                client.receive(Ok(answer(request.url.as_str(), now)), now);
            }
            Ok(Step::Wait { until, .. }) => now = until,
            Ok(Step::Done(result)) => return (Ok(result), asked, now),
            Err(error) => return (Err(error), asked, now),
        }
        assert!(asked.len() < 100, "it never ends");
    }
}

#[test]
fn an_outage_of_any_length_up_to_the_breakers_end_loses_no_list() {
    for minutes in [1, 2, 5, 10, 20, 30] {
        let (_, _, mut client) = reading_likes();
        let end = NOW + minutes * 60 * SECOND;
        let status = |now| if now < end { 503 } else { 200 };
        let (result, asked, now) = drive(&mut client, |_, now| Response::json(status(now), b"[]"));
        assert_eq!(result, Ok(Ok(Answer::Body("[]".to_owned()))), "{minutes} minutes: {asked:?}");
        assert!(now >= end);
    }
}

#[test]
fn an_outage_that_does_not_end_is_an_error_and_a_crawl_that_is_resumed_asks_for_the_list_again() {
    let (mut crawl, fetch, mut client) = reading_likes();
    let (stored, known) = (crawl.state().expect("it is data"), crawl.take_changed());
    let (result, asked, now) = drive(&mut client, |_, _| Response::json(503, b""));
    // Five failures open the breaker, then one request each after 1, 2, 4, 8 and 16 minutes.
    assert!(matches!(result, Err(SoundcloudError::Unavailable { failures: 10, .. })), "{result:?}");
    assert!(asked.len() == 10 && now - NOW >= 31 * 60 * SECOND, "{asked:?}");
    let mut resumed = Crawl::restore(&stored, known).expect("it was written a moment ago");
    assert_eq!(
        resumed.next(now, client.endpoints()),
        crawl.next(NOW, client.endpoints()).filter(|again| *again == fetch)
    );
}

#[test]
fn a_call_that_alone_fails_is_given_up_once_the_service_has_answered_something_else() {
    let (_, fetch, mut client) = reading_likes();
    let status = |url: &str| if url == PROBE { 200 } else { 500 };
    let (result, asked, _) = drive(&mut client, |url, _| Response::json(status(url), b"[]"));
    assert!(matches!(result, Ok(Err(CallFailure::GaveUp { attempts: 7, .. }))), "{result:?}");
    let expected = [vec![fetch.url.as_str(); 6], vec![PROBE, fetch.url.as_str()]].concat();
    assert_eq!(asked, expected);
}

#[test]
fn a_certificate_that_is_not_accepted_ends_everything_at_once() {
    let mut waiting_for_token = client_with(config());
    waiting_for_token.begin(url(TRACK));
    sent(waiting_for_token.next(NOW));
    for mut client in [calling(config()), waiting_for_token] {
        client.receive(Err(TransportError::Certificate("UnknownIssuer".to_owned())), NOW);
        assert_eq!(client.next(NOW), Err(SoundcloudError::Certificate("UnknownIssuer".to_owned())));
    }
}

#[test]
fn an_address_that_must_not_be_asked_ends_everything() {
    let fault = UnsafeUrl::PrivateAddress { host: "api.soundcloud.com".to_owned(), address: [10, 0, 0, 1].into() };
    let mut waiting_for_token = client_with(config());
    waiting_for_token.begin(url(TRACK));
    sent(waiting_for_token.next(NOW));
    for mut client in [calling(config()), waiting_for_token] {
        client.receive(Err(TransportError::Unsafe(fault.clone())), NOW);
        assert_eq!(client.next(NOW), Err(SoundcloudError::Unsafe(fault.clone())));
        client.begin(url(TRACK));
        assert_eq!(client.next(NOW + DAY), Err(SoundcloudError::Unsafe(fault.clone())));
    }
}

#[test]
fn the_same_seed_gives_the_same_pauses_and_they_grow_to_a_limit() {
    let pauses = |seed| {
        let mut backoff = Backoff::new(SECOND, 60 * SECOND, seed);
        (1..=12).map(|failure| backoff.pause(failure)).collect::<Vec<_>>()
    };
    assert_eq!(pauses(7), pauses(7));
    assert_ne!(pauses(7), pauses(8));
    for (nth, pause) in pauses(7).into_iter().enumerate() {
        let whole = (SECOND << nth).min(60 * SECOND);
        assert!((whole / 2..=whole).contains(&pause), "{nth}: {pause}");
    }
}

// Politeness ------------------------------------------------------------------------------------------------------------

proptest! {
    /// Sent as early as it allows, in any span of time t there are at most burst + rate · t requests.
    #[test]
    fn the_bucket_never_lets_more_through_than_it_says(
        rate in 0.1f64..50.0,
        burst in 1u32..10,
        rests in prop::collection::vec(0i64..3 * SECOND, 1..80),
    ) {
        let mut bucket = TokenBucket::new(rate, burst);
        let mut now = NOW;
        let mut times = Vec::new();
        for rest in rests {
            now = (now + rest / 4 * i64::from(rest % 3 == 0)).max(bucket.ready_at());
            bucket.take(now);
            times.push(now);
        }
        for (first, from) in times.iter().enumerate() {
            for (last, to) in times.iter().enumerate().skip(first) {
                let allowed = f64::from(burst) + rate * ((to - from) as f64 / 1e6) + 1e-6;
                prop_assert!((last - first + 1) as f64 <= allowed, "{} in {} µs", last - first + 1, to - from);
            }
        }
    }
}

proptest! {
    #[test]
    fn two_buckets_one_after_the_other_let_no_more_through_than_one(
        rate in 0.1f64..50.0,
        burst in 1u32..10,
        first in prop::collection::vec(0i64..3 * SECOND, 1..40),
        pause in 0i64..3 * SECOND,
        second in prop::collection::vec(0i64..3 * SECOND, 1..40),
    ) {
        let mut now = NOW;
        let mut times = Vec::new();
        for (rests, is_new) in [(first, false), (second, true)] {
            let mut bucket = TokenBucket::new(rate, burst);
            if is_new {
                now += pause;
                bucket.empty(now);
            }
            for rest in rests {
                now = (now + rest / 4 * i64::from(rest % 3 == 0)).max(bucket.ready_at());
                bucket.take(now);
                times.push(now);
            }
        }
        for (first, from) in times.iter().enumerate() {
            for (last, to) in times.iter().enumerate().skip(first) {
                let allowed = f64::from(burst) + rate * ((to - from) as f64 / 1e6) + 1e-6;
                prop_assert!((last - first + 1) as f64 <= allowed, "{} in {} µs", last - first + 1, to - from);
            }
        }
    }
}

#[test]
fn a_full_bucket_gives_its_burst_at_once_and_then_one_per_interval() {
    let mut client = client_with(ClientConfig { rate: 2.0, burst: 3, ..ClientConfig::new(Endpoints::default()) });
    client.begin(url(TRACK));
    sent(client.next(NOW));
    client.receive(Ok(token("t", None)), NOW);
    sent(client.next(NOW));
    sent(client.next(NOW));
    let (until, reason) = waits(client.next(NOW));
    assert_eq!((until, reason), (NOW + SECOND / 2, WaitReason::Bucket));
    sent(client.next(until));
    assert_eq!(waits(client.next(until)).0, NOW + SECOND);
}

#[test]
fn the_daily_budget_ends_at_midnight_and_outlives_the_client() {
    let config = ClientConfig { daily_requests: 3, ..config() };
    let client = calling(config.clone());
    assert_eq!(client.requests_left(NOW), 1);
    let stored = serde_json::to_string(client.budget()).expect("it is data");
    let mut next = client_with(config);
    next.set_budget(serde_json::from_str(&stored).expect("it was written a moment ago"));
    next.begin(url(TRACK));
    sent(next.next(NOW));
    next.receive(Ok(token("t", None)), NOW);
    let midnight = (NOW / DAY + 1) * DAY;
    assert_eq!(waits(next.next(NOW)), (midnight, WaitReason::DailyBudget));
    assert_eq!(next.requests_left(midnight), 3);
    sent(next.next(midnight));
    let mut budget = DailyBudget::default();
    budget.take(NOW);
    assert_eq!((budget.left(1, NOW), budget.left(1, NOW + DAY), DailyBudget::renewed_at(NOW)), (0, 1, midnight));
}

// Redirects -------------------------------------------------------------------------------------------------------------

fn moved(status: u16, place: &str) -> Response {
    Response { status, location: Some(place.to_owned()), ..Response::default() }
}

#[test]
fn resolve_gives_the_place_in_the_header_or_in_the_body_and_never_one_elsewhere() {
    let resolve = "https://api.soundcloud.com/resolve?url=https%3A%2F%2Fsoundcloud.com%2Fa%2Fb";
    let resolved = |response: Response| {
        let mut client = calling(config());
        client.begin_resolve(url(resolve));
        sent(client.next(NOW));
        answers(&mut client, response, NOW);
        match client.next(NOW) {
            Ok(Step::Done(answer)) => answer,
            other => panic!("{other:?}"),
        }
    };
    let place = "https://api.soundcloud.com/tracks/2088703866";
    let found = Ok(Answer::Location(url(place)));
    assert_eq!(resolved(moved(302, place)), found);
    assert_eq!(resolved(moved(302, "/tracks/2088703866")), found);
    let body = format!(r#"{{"status":"302 - Found","location":"{place}"}}"#);
    assert_eq!(resolved(Response::json(302, body.as_bytes())), found);
    for elsewhere in [
        "https://evil.example/tracks/1",
        "http://api.soundcloud.com/tracks/1",
        "https://api.soundcloud.com:8443/tracks/1",
        "https://me:pw@api.soundcloud.com/tracks/1",
        "ftp://api.soundcloud.com/tracks/1",
        "//169.254.169.254/latest/meta-data",
    ] {
        assert!(matches!(resolved(moved(302, elsewhere)), Err(CallFailure::Redirect(_))), "{elsewhere}");
    }
    assert!(matches!(resolved(Response::json(404, b"")), Err(CallFailure::Refused(_))));
}

#[test]
fn redirects_are_followed_on_the_api_host_only_and_not_for_ever() {
    let mut client = calling(config());
    answers(&mut client, moved(301, "https://api.soundcloud.com/tracks/7"), NOW);
    assert_eq!(sent(client.next(NOW)).url.as_str(), "https://api.soundcloud.com/tracks/7");
    answers(&mut client, moved(308, "http://169.254.169.254/latest/meta-data"), NOW);
    assert!(matches!(done(client.next(NOW)), Err(CallFailure::Redirect(_))));

    let mut client = calling(config());
    for _ in 0..3 {
        answers(&mut client, moved(302, "/tracks/7"), NOW);
        sent(client.next(NOW));
    }
    answers(&mut client, moved(302, "/tracks/7"), NOW);
    assert_eq!(done(client.next(NOW)), Err(CallFailure::Redirects(3)));
}

#[test]
fn a_url_that_is_not_the_apis_is_never_sent() {
    for text in ["https://evil.example/tracks/1", "http://api.soundcloud.com/tracks/1", "file:///etc/passwd"] {
        let mut client = client_with(config());
        client.begin(url(text));
        assert!(matches!(done(client.next(NOW)), Err(CallFailure::Redirect(_))), "{text}");
    }
}

#[test]
fn bad_configs_are_refused_with_the_parameter() {
    let refused = |change: fn(&mut ClientConfig)| {
        let mut config = config();
        change(&mut config);
        let credentials = Credentials { client_id: "i".to_owned(), client_secret: "s".into() };
        match Client::new(config, credentials) {
            Err(SoundcloudError::InvalidConfig { parameter, .. }) => parameter,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|config| config.rate = 0.0), "rate");
    assert_eq!(refused(|config| config.rate = f64::NAN), "rate");
    assert_eq!(refused(|config| config.rate = 1e9), "rate");
    assert_eq!(refused(|config| config.burst = 0), "burst");
    assert_eq!(refused(|config| config.daily_requests = 0), "daily_requests");
    assert_eq!(refused(|config| config.attempts = 0), "attempts");
    assert_eq!(refused(|config| config.max_delay = 0), "max_delay");
    assert_eq!(refused(|config| config.cool_down = -1), "cool_down");
    assert_eq!(refused(|config| config.max_body_bytes = 0), "max_body_bytes");
    assert_eq!(refused(|config| config.user_agent = "a\r\nX: y".to_owned()), "user_agent");
    let nobody = Credentials { client_id: String::new(), client_secret: "s".into() };
    assert!(Client::new(config(), nobody).is_err());
}
