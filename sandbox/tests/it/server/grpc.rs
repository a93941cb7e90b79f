//! Calls and their statuses on the wire.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use data_encoding::BASE64_NOPAD;
use flyte_client::{
    Status,
    proto::admin::{
        GetVersionRequest, GetVersionResponse, InactiveProject, Project, ProjectRegisterRequest,
        TaskCreateRequest, project::ProjectState,
    },
    proto::core::{Identifier, ResourceType},
};
use http::{Request, StatusCode};
use http_body_util::Full;
use prost::Message;

use super::{Received, Served};

/// `flyteidl.service.AdminService`.
const ADMIN: &str = "/flyteidl.service.AdminService/";

fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

fn call(served: &Served, path: &str, body: Bytes) -> Received {
    let request = Request::post(format!("http://{}{path}", served.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(body))
        .unwrap();
    served.http2(request)
}

/// `CODE: text` of a call that is refused.
fn refused(received: &Received) -> String {
    assert_eq!(received.status, StatusCode::OK);
    let text = |name: &str| received.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    format!("{}: {}", text("grpc-status"), text("grpc-message"))
}

#[test]
fn a_call_is_answered_with_a_message_and_trailers() {
    let served = Served::new();
    let path = format!("{ADMIN}GetVersion");
    let received = call(&served, &path, framed(&GetVersionRequest::default().encode_to_vec()));
    assert_eq!(received.status, StatusCode::OK);
    assert_eq!(received.headers["content-type"], "application/grpc");
    assert_eq!(received.trailers["grpc-status"], "0");
    let mut body = received.body.clone();
    assert_eq!(body.get_u8(), 0);
    assert_eq!(usize::try_from(body.get_u32()), Ok(body.len()));
    let version = GetVersionResponse::decode(body).unwrap().control_plane_version.unwrap();
    assert_eq!(version.version, concat!("v", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_refusal_carries_its_details() {
    let served = Served::new();
    let archived = Project {
        id: "old".into(),
        name: "old".into(),
        state: ProjectState::Archived.into(),
        ..Default::default()
    };
    let request = ProjectRegisterRequest { project: Some(archived) };
    call(&served, &format!("{ADMIN}RegisterProject"), framed(&request.encode_to_vec()));
    let id = Identifier {
        resource_type: ResourceType::Task.into(),
        project: "old".into(),
        domain: "development".into(),
        name: "t".into(),
        version: "1".into(),
        ..Default::default()
    };
    let request = TaskCreateRequest { id: Some(id), spec: None };
    let received = call(&served, &format!("{ADMIN}CreateTask"), framed(&request.encode_to_vec()));
    assert_eq!(refused(&received), "3: project [old] is not active");
    let details = BASE64_NOPAD.decode(received.headers["grpc-status-details-bin"].as_bytes()).unwrap();
    let mut status = Status::new(flyte_client::Code::InvalidArgument, "");
    status.details = details.into();
    assert_eq!(status.detail::<InactiveProject>().unwrap().id, "old");
}

#[test]
fn unknown_methods_are_unimplemented() {
    let served = Served::new();
    let empty = framed(&[]);
    let refusal = |path: &str| refused(&call(&served, path, empty.clone()));
    assert_eq!(
        refusal("/flyteidl.service.AuthMetadataService/GetOAuth2Metadata"),
        "12: unknown service flyteidl.service.AuthMetadataService"
    );
    assert_eq!(
        refusal(&format!("{ADMIN}Nothing")),
        "12: unknown method Nothing for service flyteidl.service.AdminService"
    );
}

#[test]
fn requests_that_cannot_be_read_are_refused() {
    let served = Served::new();
    let refusal = |body: Bytes| refused(&call(&served, &format!("{ADMIN}GetVersion"), body));
    assert_eq!(
        refusal(framed(&[0; 1025])),
        "8: grpc: received message larger than max (more than 1024 vs. 1024)"
    );
    assert_eq!(refusal(Bytes::new()), "13: the request has no gRPC message");
    assert_eq!(refusal(Bytes::from_static(&[0, 0, 0, 0, 9])), "13: the request is not one gRPC message");
    assert_eq!(
        refusal(Bytes::from_static(&[1, 0, 0, 0, 0])),
        "12: grpc: Decompressor is not installed for grpc-encoding \"\""
    );
}

#[test]
fn messages_may_be_compressed_with_gzip() {
    let served = Served::new();
    let send = |encoding: &str, message: &[u8]| {
        let mut body = BytesMut::from(&framed(message)[..]);
        body[0] = 1;
        let request = Request::post(format!("http://{}{ADMIN}GetVersion", served.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", encoding)
            .body(Full::new(body.freeze()))
            .unwrap();
        served.http2(request)
    };
    let gzip = |message: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, message).unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(send("gzip", &gzip(&[])).trailers["grpc-status"], "0");
    assert_eq!(
        refused(&send("gzip", &gzip(&[0; 1_000_000]))),
        "8: grpc: received message larger than max (more than 1024 vs. 1024)"
    );
    assert_eq!(
        refused(&send("gzip", b"not compressed")),
        "13: grpc: failed to decompress the received message: invalid gzip header"
    );
    assert_eq!(
        refused(&send("snappy", b"xyz")),
        "12: grpc: Decompressor is not installed for grpc-encoding \"snappy\""
    );
}

#[test]
fn it_says_that_it_is_well() {
    let served = Served::new();
    let path = "/grpc.health.v1.Health/Check";
    for service in ["", "\u{a}\u{a}flyteadmin"] {
        let received = call(&served, path, framed(service.as_bytes()));
        assert_eq!(received.trailers["grpc-status"], "0", "{service}");
        assert_eq!(&received.body[5..], [8, 1]);
    }
    assert_eq!(refused(&call(&served, path, framed(b"\x0a\x01x"))), "5: unknown service");
    let get = Request::get("/healthcheck").header("host", "localhost").body(Full::default()).unwrap();
    assert_eq!(served.http1(get).status, StatusCode::OK);
}

/// `server.reflection.v1` of the recordings, and what `grpcurl` asks next. The answers come while the client
/// may ask more.
#[test]
fn it_describes_its_services() {
    let served = Served::new();
    let question = |tag: u8, text: &str| {
        let mut message = vec![tag << 3 | 2, u8::try_from(text.len()).unwrap()];
        message.extend(text.as_bytes());
        framed(&message)
    };
    let mut all = BytesMut::new();
    all.extend(question(7, "*"));
    all.extend(question(4, "flyteidl.service.AdminService.GetVersion"));
    all.extend(question(3, "flyteidl/core/types.proto"));
    all.extend(question(4, "flyteidl.core.Nothing"));
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let received = call(&served, &path, all.clone().freeze());
        assert_eq!(received.trailers["grpc-status"], "0");
        let mut body = received.body.clone();
        let mut answers = Vec::new();
        while body.has_remaining() {
            body.advance(1);
            let length = usize::try_from(body.get_u32()).unwrap();
            answers.push(String::from_utf8_lossy(&body.split_to(length)).into_owned());
        }
        let [services, admin, types, nothing] = &answers[..] else { panic!("{answers:?}") };
        for service in ["AdminService", "DataProxyService", "SignalService"] {
            assert!(services.contains(&format!("flyteidl.service.{service}")), "{services}");
        }
        assert!(
            admin.contains("flyteidl/service/admin.proto")
                && admin.contains("google/protobuf/timestamp.proto")
        );
        assert!(types.contains("SimpleType") && !types.contains("AdminService"));
        assert!(nothing.contains("file or symbol not found"), "{nothing}");
    }
}
