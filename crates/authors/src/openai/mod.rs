//! Asks a model behind any endpoint that speaks OpenAI's chat completions.
//!
//! Wire format: `POST {base}/chat/completions`, as in OpenAI's API reference, which OpenRouter, Azure
//! OpenAI, xAI and most local servers speak too. The model's answer is hostile input: it is bounded,
//! parsed strictly, and its code is never altered.

mod answer;
mod prompt;
mod usage;

use std::{fmt, sync::Once, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use ringfence_pipeline::budget::{Amount, TokenPrices};
use ringfence_pipeline::ports::{Assignment, AuthorError, CodeAuthor, Written};
use serde_json::{Value, json};

/// Largest answer of an endpoint that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How much of an endpoint's error is passed on, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// Where a model is and how it is asked.
#[derive(Clone)]
pub struct Endpoint {
    /// Base URL with its version, such as `https://host/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub key: Option<String>,
    /// The model's name there.
    pub model: String,
    /// Longest wait for the whole answer.
    pub timeout: Duration,
    /// Tokens the model may write.
    pub output_tokens_max: u32,
    /// What its tokens cost.
    pub prices: TokenPrices,
}

// The key is a secret.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} at {})", self.model, self.base_url)
    }
}

/// Why an endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The base URL is none.
    #[error("model base URL {0:?} is not an http or https address, write it like https://host/v1")]
    BadUrl(String),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

/// An author that asks a model.
#[derive(Debug)]
pub struct OpenAiCompatible {
    client: Client,
    url: Url,
    endpoint: Endpoint,
}

impl OpenAiCompatible {
    /// An author for this endpoint. Nothing is sent yet.
    ///
    /// # Errors
    /// [`EndpointError`] for an unusable URL.
    pub fn new(endpoint: Endpoint) -> Result<OpenAiCompatible, EndpointError> {
        let bad_url = || EndpointError::BadUrl(endpoint.base_url.clone());
        let address = format!("{}/chat/completions", endpoint.base_url.trim_end_matches('/'));
        let url = Url::parse(&address).map_err(|_| bad_url())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad_url());
        }
        install_tls_provider();
        let client = Client::builder()
            .timeout(endpoint.timeout)
            // A redirect would take the key elsewhere.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| EndpointError::Client(error.to_string()))?;
        Ok(OpenAiCompatible { client, url, endpoint })
    }

    fn request(&self, assignment: &Assignment, with_schema: bool) -> Value {
        let mut body = json!({
            "model": self.endpoint.model,
            "messages": prompt::messages(assignment),
            "max_tokens": self.endpoint.output_tokens_max,
        });
        if with_schema {
            body["response_format"] = prompt::response_format();
        }
        body
    }

    async fn send(&self, body: &Value) -> Result<Response, reqwest::Error> {
        let mut request = self.client.post(self.url.clone()).json(body);
        if let Some(key) = &self.endpoint.key {
            request = request.bearer_auth(key);
        }
        request.send().await
    }

    async fn ask(&self, assignment: &Assignment) -> Result<Response, reqwest::Error> {
        let response = self.send(&self.request(assignment, true)).await?;
        if response.status() != StatusCode::BAD_REQUEST {
            return Ok(response);
        }
        // Some servers know no schemas; the prompt asks for the same in words.
        self.send(&self.request(assignment, false)).await
    }
}

/// Makes ring the process's TLS provider; the first of several is as good as the last.
fn install_tls_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

#[async_trait]
impl CodeAuthor for OpenAiCompatible {
    fn name(&self) -> String {
        format!("openai:{}", self.endpoint.model)
    }

    fn can_repair(&self) -> bool {
        true
    }

    fn bound(&self, assignment: &Assignment) -> Amount {
        let bytes = self.request(assignment, true).to_string().len();
        usage::bound(bytes, self.endpoint.output_tokens_max, &self.endpoint.prices)
    }

    async fn write(&self, assignment: &Assignment) -> Written {
        let response = match self.ask(assignment).await {
            Ok(response) => response,
            // What never arrived is not charged for; of what did, nobody knows.
            Err(error) => {
                return Written {
                    used: error.is_connect().then(Amount::default),
                    draft: Err(unavailable(error)),
                };
            }
        };
        let status = response.status();
        let body = match read_bounded(response).await {
            Ok(body) => body,
            Err(error) => return Written { draft: Err(error), used: None },
        };
        if !status.is_success() {
            return Written::free(Err(refusal(status, &body)));
        }
        Written { draft: answer::draft(&body), used: usage::said(&body, &self.endpoint.prices) }
    }
}

/// The URL is left out: it may hold what the operator would not show.
fn unavailable(error: reqwest::Error) -> AuthorError {
    AuthorError::Unavailable(error.without_url().to_string())
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, AuthorError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(AuthorError::Unusable(format!("it is larger than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn refusal(status: StatusCode, body: &[u8]) -> AuthorError {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return AuthorError::Unavailable(format!(
            "it refuses the key ({status}), check RINGFENCE_MODEL_API_KEY"
        ));
    }
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let said = said.as_ref().and_then(|said| said["error"]["message"].as_str()).unwrap_or_default();
    let said: String = said.chars().filter(|c| !c.is_control()).take(ERROR_CHARS_MAX).collect();
    AuthorError::Unavailable(format!("it answered {status} {said}").trim_end().to_owned())
}
