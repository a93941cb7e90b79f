//! Tasks on their own: outputs, failures, retries, timeouts, the cache.

use std::sync::Arc;

use flyte_client::{
    Code,
    proto::{
        admin::{ExecutionSpec, ExecutionTerminateRequest, execution_closure::OutputResult},
        core::{LiteralMap, NodeExecutionIdentifier, workflow_execution::Phase},
        service::{
            ArtifactType, CreateDownloadLinkRequest, GetDataRequest, create_download_link_request,
            get_data_response,
        },
    },
};
use sandbox::EngineStart;

use super::{
    build::{interface, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

#[test]
fn a_task_has_its_outputs() {
    let fixture = Fixture::new();
    let greet = interface(&["name: str", "times: int"], &["greeting: str", "twice: int"]);
    let script = "printf 'hello {{.inputs.name}}' > /var/outputs/greeting; \
                  echo $((2 * {{.inputs.times}})) > /var/outputs/twice";
    let id = task("greet", greet, script).on(&fixture);

    let execution = fixture.launch(&id, "one", values(&["name = world", "times = 21"]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(shown(&fixture.outputs(&execution)), r#"greeting="hello world" twice=42"#);
    assert_eq!(fixture.nodes(&execution), ["greet SUCCEEDED"]);
    let markers = fixture.node_executions(&execution, "");
    let markers: Vec<_> = markers.into_iter().map(|node| node.id.unwrap().node_id).collect();
    assert_eq!(markers, ["start-node", "greet", "end-node"]);
}

#[test]
fn a_failed_task_fails_its_execution_with_its_error() {
    let fixture = Fixture::new();
    let id = task("broken", interface(&[], &[]), "echo 'no luck' >&2; exit 3").on(&fixture);

    let end = fixture.end(&fixture.launch(&id, "one", values(&[])));

    assert_eq!(phase(&end), Phase::Failed);
    snapbox::assert_data_eq!(
        error(&end),
        snapbox::str![[r#"
RetriesExhausted|Interrupted (USER): [3/3] currentAttempt done. Last Error: SYSTEM::`sh` ended with exit code 3; stderr:
no luck
"#]]
    );
}

#[test]
fn a_failed_attempt_is_repeated_as_often_as_the_task_says() {
    let fixture = Fixture::new();
    let count = fixture.path().join("count");
    let script = format!(
        "echo x >> '{0}'; test $(wc -l < '{0}') -ge 3 && echo done > /var/outputs/o",
        count.display()
    );
    let id = task("stubborn", interface(&[], &["o: str"]), &script).retries(2).on(&fixture);

    let execution = fixture.launch(&id, "one", values(&[]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    let attempts = fixture.attempts(&execution, "stubborn");
    let phases: Vec<_> =
        attempts.iter().map(|attempt| attempt.closure.as_ref().unwrap().phase().as_str_name()).collect();
    assert_eq!(phases, ["FAILED", "FAILED", "SUCCEEDED"]);
}

#[test]
fn an_attempt_ends_with_its_time() {
    let fixture = Fixture::new();
    let id = task("slow", interface(&[], &[]), "sleep 1000")
        .metadata(|metadata| {
            metadata.timeout = Some(prost_types::Duration { seconds: 0, nanos: 50_000_000 });
        })
        .on(&fixture);

    let execution = fixture.launch(&id, "one", values(&[]));

    let end = fixture.end(&execution);
    assert_eq!(
        error(&end),
        "RetriesExhausted|TimeoutExpired (USER): [1/1] currentAttempt done. Last Error: USER::task execution \
         timeout [50ms] expired"
    );
    assert_eq!(fixture.nodes(&execution), ["slow FAILED"]);
}

#[test]
fn a_terminated_execution_is_aborted_and_leaves_nothing_running() {
    let fixture = Fixture::new();
    let id = task("slow", interface(&[], &[]), "sleep 1000").on(&fixture);
    let execution = fixture.launch(&id, "one", values(&[]));
    fixture.wait_for_node(&execution, "slow RUNNING");

    let request = ExecutionTerminateRequest { id: Some(execution.clone()), cause: "enough".to_owned() };
    fixture.call(fixture.client.terminate_execution(&request)).unwrap();

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Aborted);
    let Some(OutputResult::AbortMetadata(abort)) = end.closure.unwrap().output_result else { panic!() };
    assert_eq!(abort.cause, "enough");
    assert_eq!(fixture.nodes(&execution), ["slow ABORTED"]);
    let again = fixture.call(fixture.client.terminate_execution(&request)).unwrap_err();
    assert_eq!(again.code.name(), "FAILED_PRECONDITION");
}

#[test]
fn an_execution_can_be_aborted_between_two_engines() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let fixture = Fixture::open(Arc::clone(&folder), EngineStart::InProcess);
    let slow = task("slow", interface(&[], &[]), "sleep 1000").on(&fixture);
    let nodes = vec![node("n0", &slow, &[]), node("n1", &slow, &[])];
    let plan = workflow("w", interface(&[], &[]), nodes, &[]).on(&fixture);
    // The second node waits for the first one, and is not begun.
    let spec = ExecutionSpec { max_parallelism: 1, ..ExecutionSpec::default() };
    let execution = fixture.launch_with(&plan, "one", values(&[]), spec);
    fixture.wait(&execution, |_| fixture.nodes(&execution) == ["n0 RUNNING"]);
    drop(fixture);

    let fixture = Fixture::open(Arc::clone(&folder), EngineStart::External);
    let request = ExecutionTerminateRequest { id: Some(execution.clone()), cause: "enough".to_owned() };
    fixture.call(fixture.client.terminate_execution(&request)).unwrap();
    drop(fixture);

    let fixture = Fixture::open(folder, EngineStart::InProcess);
    assert_eq!(phase(&fixture.end(&execution)), Phase::Aborted);
    assert_eq!(fixture.nodes(&execution), ["n0 ABORTED"]);
}

#[test]
fn a_deck_is_kept_and_has_links() {
    let fixture = Fixture::new();
    let script = "echo hello > {{.outputPrefix}}/deck.html";
    let shows = task("shows", interface(&[], &[]), script).metadata(|it| it.generates_deck = Some(true));
    let silent = task("silent", interface(&[], &[]), script);
    let nodes = vec![node("n0", &shows.on(&fixture), &[]), node("n1", &silent.on(&fixture), &[])];
    let plan = workflow("decks", interface(&[], &[]), nodes, &[]).on(&fixture);
    let id = fixture.launch(&plan, "decks", LiteralMap::default());
    assert_eq!(phase(&fixture.end(&id)), Phase::Succeeded);
    let link = |node: &str| {
        let node = NodeExecutionIdentifier { node_id: node.to_owned(), execution_id: Some(id.clone()) };
        let request = CreateDownloadLinkRequest {
            artifact_type: ArtifactType::Deck.into(),
            source: Some(create_download_link_request::Source::NodeExecutionId(node)),
            ..Default::default()
        };
        fixture.call(fixture.client.create_download_link(&request))
    };
    let data = |path: &str| {
        let flyte_url = format!("flyte://v1/flytesnacks/development/decks/{path}");
        fixture.call(fixture.client.get_data(&GetDataRequest { flyte_url }))
    };
    let urls = link("n0").unwrap().pre_signed_urls.unwrap().signed_url;
    let content = std::fs::read_to_string(urls[0].strip_prefix("file://").unwrap()).unwrap();
    assert_eq!(content, "hello\n");
    match data("n0/d").unwrap().data {
        Some(get_data_response::Data::PreSignedUrls(same)) => assert_eq!(same.signed_url, urls),
        other => panic!("{other:?}"),
    }
    for refused in [link("n1").err(), data("n1/d").err()] {
        assert_eq!(refused.unwrap().code, Code::NotFound);
    }
    assert_eq!(data("n0/0/d").unwrap_err().code, Code::InvalidArgument);
    let uri = fixture.node_executions(&id, "").into_iter().map(|node| node.closure.unwrap().deck_uri);
    let uris: Vec<String> = uri.filter(|uri| !uri.is_empty()).collect();
    let expected = "s3://my-s3-bucket/metadata/propeller/flytesnacks-development-decks/n0/data/0/deck.html";
    assert_eq!(uris, [expected]);
}
