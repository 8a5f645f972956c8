//! Runs as server-sent events: what a program prints while it lasts, and its answer at the end.
//!
//! `exec.started · exec.stdout · exec.stderr · exec.metrics · exec.completed`, or `error` with a problem.
//! Each event's id says how much was told until then, so that a client that was cut off goes on with
//! `Last-Event-ID`.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, stream};
use ringfence_job::Stream as Output;
use ringfence_pipeline::{
    End, Live, News, Position,
    answer::text_of,
    run::{Execution, RunId},
};
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::{Instrument, Span};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type, extensions::Extensions},
};

use super::runs::AnyAnswer;
use crate::{auth::KeyWatch, problem::Problem};

/// Time after which a silent stream tells that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Header of a client that was cut off.
const LAST_EVENT_ID: &str = "last-event-id";

/// Where a client wants to go on.
pub(crate) fn position(headers: &HeaderMap) -> Result<Position, Problem> {
    let text = match headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?")) {
        // Nothing came yet, say those who send it at once.
        None | Some("") => return Ok(Position::default()),
        Some(text) => text,
    };
    text.parse().map_err(|error: String| Problem::bad_request("invalid_event_id", error))
}

/// An event of a run in the description; what is written is in [`Feed`].
pub(crate) struct RunEvent;

impl PartialSchema for RunEvent {
    fn schema() -> RefOr<Schema> {
        let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let of_run = |more: &[(&str, Value)]| {
            let mut properties = json!({ "runId": to("RunId") });
            more.iter().for_each(|(name, schema)| properties[name] = schema.clone());
            let required: Vec<&String> =
                properties.as_object().into_iter().flatten().map(|(name, _)| name).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        };
        let output = of_run(&[("content", json!({ "type": "string" })), ("encoding", to("Encoding"))]);
        let events = [
            ("exec.started", "The program begins.", of_run(&[])),
            ("exec.stdout", "It wrote to its standard output.", output.clone()),
            ("exec.stderr", "It wrote to its standard error.", output),
            ("exec.metrics", "What it has used so far.", of_run(&[("usage", to("Usage"))])),
            ("exec.completed", "The run's answer; nothing follows.", to("AnyAnswer")),
            ("error", "Why there is no answer; nothing follows.", to("Problem")),
        ];
        let events = events.into_iter().map(|(name, description, data)| {
            let data = ObjectBuilder::new()
                .schema_type(Type::String)
                .content_media_type("application/json")
                .extensions(Some(Extensions::from_iter([("contentSchema", data)])));
            let id = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[0-9]+\\.[0-9]+\\.[01]$"))
                .description(Some("Send it as Last-Event-ID to go on after this event."));
            ObjectBuilder::new()
                .description(Some(description))
                .property("event", ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name])))
                .property("id", id)
                .property("data", data)
                .required("event")
                .required("id")
                .required("data")
        });
        let description = "A server-sent event; `data` is JSON in one line.";
        let one_of = OneOfBuilder::new().description(Some(description));
        events.fold(one_of, |one_of, event| one_of.item(event)).into()
    }
}

impl ToSchema for RunEvent {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        AnyAnswer::schemas(schemas);
        schemas.push((AnyAnswer::name().into_owned(), AnyAnswer::schema()));
    }
}

/// A run's events: those that are there, and those that come.
pub(crate) struct Feed<G> {
    run: RunId,
    position: Position,
    ready: VecDeque<Event>,
    live: Option<Arc<Live>>,
    /// Whether its reader still may read; none is asked for the answer to a request of one's own.
    key: Option<KeyWatch>,
    /// Held until the client is gone or the stream at its end.
    _guard: G,
}

impl<G: Send + 'static> Feed<G> {
    /// The events of a run in progress after `position`.
    pub(crate) fn of_live(live: Arc<Live>, position: Position, guard: G) -> Feed<G> {
        let (run, ready) = (live.run(), VecDeque::new());
        Feed { run, position, ready, live: Some(live), key: None, _guard: guard }
    }

    /// The events of a run that is over, after `position`; `last` is its answer or its problem.
    pub(crate) fn of_record(
        run: RunId,
        position: Position,
        executed: Option<(&Execution, [Vec<u8>; 2])>,
        last: Result<serde_json::Value, Problem>,
        guard: G,
    ) -> Feed<G> {
        let mut feed = Feed { run, position, ready: VecDeque::new(), live: None, key: None, _guard: guard };
        if let Some((execution, [stdout, stderr])) = executed {
            if !position.started {
                feed.tell(News::Started);
            }
            for (stream, bytes, seen) in
                [(Output::Stdout, stdout, position.stdout), (Output::Stderr, stderr, position.stderr)]
            {
                if let Some(more) = bytes.get(seen..).filter(|more| !more.is_empty()) {
                    feed.tell(News::Output(stream, more.to_vec()));
                }
            }
            feed.tell(News::Used(execution.usage));
        }
        feed.tell_end(last);
        feed
    }

    /// Has it end with a problem once the key has ended.
    pub(crate) fn watched(self, key: KeyWatch) -> Feed<G> {
        Feed { key: Some(key), ..self }
    }

    fn tell(&mut self, news: News) {
        let run = self.run;
        let (name, data) = match news {
            News::Started => {
                self.position.started = true;
                ("exec.started", json!({ "runId": run }))
            }
            News::Output(stream, bytes) => {
                let (name, seen) = match stream {
                    Output::Stdout => ("exec.stdout", &mut self.position.stdout),
                    Output::Stderr => ("exec.stderr", &mut self.position.stderr),
                };
                *seen += bytes.len();
                let (content, encoding) = text_of(bytes);
                (name, json!({ "runId": run, "content": content, "encoding": encoding }))
            }
            News::Used(usage) => ("exec.metrics", json!({ "runId": run, "usage": usage })),
        };
        self.push(name, &data.to_string());
    }

    fn tell_end(&mut self, last: Result<serde_json::Value, Problem>) {
        match last {
            Ok(answer) => self.push("exec.completed", &answer.to_string()),
            Err(problem) => {
                self.push("error", &String::from_utf8_lossy(&problem.body(&self.run.to_string())));
            }
        }
    }

    fn push(&mut self, name: &str, data: &str) {
        self.ready.push_back(Event::default().event(name).id(self.position.to_string()).data(data));
    }

    async fn next(mut self) -> Option<(Result<Event, Infallible>, Feed<G>)> {
        if self.ready.is_empty() {
            self.wait().await;
        }
        if let Some(key) = &mut self.key
            && let Err(problem) = key.check().await
        {
            (self.key, self.live) = (None, None);
            self.ready.clear();
            self.tell_end(Err(problem));
        }
        let event = self.ready.pop_front()?;
        Some((Ok(event), self))
    }

    /// Waits for something to tell, if only that the stream is still there; nothing is left after the end.
    async fn wait(&mut self) {
        let Some(live) = self.live.take() else { return };
        let mut position = self.position;
        match timeout(HEARTBEAT, live.next(&mut position)).await {
            Ok(Ok(news)) => {
                news.into_iter().for_each(|news| self.tell(news));
                self.position = position;
                self.live = Some(live);
            }
            Ok(Err(end)) => self.tell_end(end_of(end)),
            Err(_) => {
                self.ready.push_back(Event::default().comment(""));
                self.live = Some(live);
            }
        }
    }

    /// As [`Feed::into_response`], but a run that is refused before it begins is a plain problem.
    pub(crate) async fn into_response_or_problem(mut self) -> Result<Response, Problem> {
        if let Some(live) = self.live.take() {
            match live.next(&mut self.position.clone()).await {
                Err(Err(error)) => return Err(error.into()),
                _ => self.live = Some(live),
            }
        }
        Ok(self.into_response())
    }

    /// The response that tells them.
    pub(crate) fn into_response(self) -> Response {
        // It is told after the request has been answered, and still about it.
        let span = Span::current();
        let next = move |feed: Feed<G>| feed.next().instrument(span.clone());
        let events: std::pin::Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>> =
            Box::pin(stream::unfold(self, next));
        Sse::new(events).into_response()
    }
}

/// The end of a run as JSON, or as a problem.
pub(crate) fn end_of(end: End) -> Result<serde_json::Value, Problem> {
    Ok(end?.linked())
}
