//! Server reflection (`grpc.reflection.v1` and `v1alpha`, which are alike): which services there are, and the
//! descriptors of their messages. It is the one call whose requests come as a stream.

use std::{collections::BTreeSet, io};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use flyte_client::{Code, proto::descriptor};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use prost::Message as _;

use super::response::Body;

const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The services of a server, as FlyteAdmin 1.16.8 lists them.
const SERVICES: [&str; 6] = [
    "flyteidl.service.AdminService",
    "flyteidl.service.DataProxyService",
    "flyteidl.service.SignalService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// The prefix of a message: a compression flag and the length.
const PREFIX: usize = 5;

/// The longest request, in bytes: a name.
const LONGEST: usize = 64 * 1024;

/// `grpc.reflection.v1.ServerReflectionRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReflectionRequest {
    #[prost(string, tag = "1")]
    host: String,
    #[prost(oneof = "Question", tags = "3, 4, 7")]
    question: Option<Question>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Question {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

/// `grpc.reflection.v1.ServerReflectionResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReflectionResponse {
    #[prost(string, tag = "1")]
    valid_host: String,
    #[prost(message, optional, tag = "2")]
    original_request: Option<ReflectionRequest>,
    #[prost(oneof = "Reply", tags = "4, 6, 7")]
    reply: Option<Reply>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Reply {
    #[prost(message, tag = "4")]
    Files(DescribedFiles),
    #[prost(message, tag = "6")]
    Services(ServiceList),
    #[prost(message, tag = "7")]
    Error(ReflectionError),
}

/// `grpc.reflection.v1.FileDescriptorResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct DescribedFiles {
    #[prost(bytes = "vec", repeated, tag = "1")]
    files: Vec<Vec<u8>>,
}

/// `grpc.reflection.v1.ListServiceResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ServiceList {
    #[prost(message, repeated, tag = "1")]
    services: Vec<ServiceName>,
}

/// `grpc.reflection.v1.ServiceResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ServiceName {
    #[prost(string, tag = "1")]
    name: String,
}

/// `grpc.reflection.v1.ErrorResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReflectionError {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Whether a path is that of reflection.
pub(super) fn is_reflection(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Answers each request of a stream when it comes.
pub(super) fn answer(request: Request<Incoming>) -> Response<Body> {
    let state = Some((request.into_body(), BytesMut::new()));
    let frames = stream::unfold(state, |state| async move {
        let (mut body, mut buffer) = state?;
        loop {
            match next_message(&mut buffer) {
                Some(Ok(request)) => return Some((Ok(reply_frame(request)), Some((body, buffer)))),
                Some(Err(code)) => return Some((Ok(end_frame(code)), None)),
                None => {}
            }
            match body.frame().await {
                Some(Ok(frame)) => buffer.extend(frame.into_data().into_iter().flatten()),
                // The client has nothing more to ask, or is gone.
                Some(Err(_)) | None => return Some((Ok::<_, io::Error>(end_frame(Code::Ok)), None)),
            }
        }
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

/// The next whole message of what was received; `None` if there is none yet.
fn next_message(buffer: &mut BytesMut) -> Option<Result<ReflectionRequest, Code>> {
    let (prefix, rest) = buffer.split_at_checked(PREFIX)?;
    let length = usize::try_from((&prefix[1..]).get_u32()).unwrap_or(usize::MAX);
    if prefix[0] != 0 {
        return Some(Err(Code::Unimplemented));
    }
    if length > LONGEST {
        return Some(Err(Code::ResourceExhausted));
    }
    if rest.len() < length {
        return None;
    }
    buffer.advance(PREFIX);
    Some(ReflectionRequest::decode(buffer.split_to(length)).map_err(|_| Code::InvalidArgument))
}

fn reply_frame(request: ReflectionRequest) -> Frame<Bytes> {
    let reply = reply(request.question.as_ref());
    let response = ReflectionResponse {
        valid_host: request.host.clone(),
        original_request: Some(request),
        reply: Some(reply),
    };
    let message = response.encode_to_vec();
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(&message);
    Frame::data(framed.freeze())
}

fn end_frame(code: Code) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(code.number()));
    Frame::trailers(trailers)
}

fn failure(code: Code, message: &str) -> Reply {
    let code = i32::try_from(code.number()).unwrap_or(i32::MAX);
    Reply::Error(ReflectionError { code, message: message.to_owned() })
}

fn reply(question: Option<&Question>) -> Reply {
    let pool = descriptor::pool();
    let file = match question {
        Some(Question::ListServices(_)) => {
            let name = |name: &str| ServiceName { name: name.to_owned() };
            return Reply::Services(ServiceList { services: SERVICES.iter().map(|it| name(it)).collect() });
        }
        Some(Question::FileByFilename(name)) => pool.get_file_by_name(name),
        Some(Question::FileContainingSymbol(symbol)) => {
            // A method, field or value is in the file of what it belongs to.
            let owner = symbol.rsplit_once('.').map_or("", |(owner, _)| owner);
            [symbol.as_str(), owner].iter().find_map(|name| {
                let message = pool.get_message_by_name(name).map(|it| it.parent_file());
                let service = || pool.get_service_by_name(name).map(|it| it.parent_file());
                message.or_else(service).or_else(|| pool.get_enum_by_name(name).map(|it| it.parent_file()))
            })
        }
        None => {
            return failure(
                Code::Unimplemented,
                "the server answers questions for services, files and symbols",
            );
        }
    };
    let Some(file) = file else {
        return failure(Code::NotFound, "file or symbol not found");
    };
    let (mut files, mut seen, mut todo) = (Vec::new(), BTreeSet::new(), vec![file]);
    while let Some(file) = todo.pop() {
        if seen.insert(file.name().to_owned()) {
            todo.extend(file.dependencies());
            files.push(file.encode_to_vec());
        }
    }
    Reply::Files(DescribedFiles { files })
}
