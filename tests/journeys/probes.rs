//! Files that have others watch a server, and the command that they call: each is read back, and each
//! path and command in it is tried on a real server.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Output},
};

use ringfence_tests::{Installation, Server, output_of, processes::eventually, program, root};
use serde_json::{Value, json};

/// Where the files say that the program is.
const INSTALLED: &str = "/usr/local/bin/ringfence";

fn port(server: &Server) -> String {
    server.url.rsplit(':').next().unwrap().to_owned()
}

/// What the command prints, which must go well.
fn printed(house: &Installation, words: &[&str]) -> String {
    let output = house.output(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every document of a YAML text, read by two parsers if the other one is there: Kubernetes and Compose
/// read older YAML, in which `no` is a truth value.
fn documents(text: &str) -> Vec<Value> {
    let ours: Vec<Value> =
        serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let mut python = Command::new("python3");
    python.args(["-c", script]);
    let theirs = output_of(python, text.as_bytes());
    if theirs.status.success() {
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&theirs.stdout).unwrap(), ours, "{text}");
    } else {
        eprintln!("not read by PyYAML: {}", String::from_utf8_lossy(&theirs.stderr).trim());
    }
    ours
}

/// A command that a file names, on the program that was built.
fn carried_out(house: &Installation, words: &[&str]) -> Output {
    assert!(["ringfence", INSTALLED].contains(&words[0]), "{words:?}");
    house.output(&words[1..])
}

#[test]
fn kubernetes_asks_for_what_is_served() {
    let house = Installation::new();
    let server = house.serve();
    let port = port(&server);
    let words = ["probes", "kubernetes", "--image", "r.example:5000/ringfence:0.1.0", "--port", &port];
    let text = printed(&house, &[&words[..], &["--name", "box", "--period", "7", "--slots", "3"]].concat());
    let documents = documents(&text);
    let kinds: Vec<&Value> = documents.iter().map(|document| &document["kind"]).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Deployment", "Service"]);
    let pod = &documents[1]["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["image"], "r.example:5000/ringfence:0.1.0");
    let port: Value = port.parse::<u16>().unwrap().into();
    assert_eq!(container["ports"], json!([{ "name": "http", "containerPort": port }]));
    for (probe, failures) in [("startupProbe", 9), ("livenessProbe", 3), ("readinessProbe", 3)] {
        let probe = &container[probe];
        let path = probe["httpGet"]["path"].as_str().unwrap();
        assert_eq!(server.get(path).0, 200, "{path}");
        assert_eq!(probe["httpGet"]["port"], "http");
        assert_eq!((&probe["periodSeconds"], &probe["timeoutSeconds"]), (&json!(7), &json!(5)));
        assert_eq!(probe["failureThreshold"], failures);
    }
    assert_eq!(server.get("/started").0, 404, "any path would do");
    let variable = |name: &str| {
        let variables = container["env"].as_array().unwrap();
        variables.iter().find(|variable| variable["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(variable("RINGFENCE_SLOTS"), "3");
    assert_eq!(variable("RINGFENCE_LISTEN"), format!("0.0.0.0:{port}"));
    assert_eq!(container["volumeMounts"][0]["mountPath"], variable("RINGFENCE_DATA_DIR"));
    // Three slots of half a GiB, and what is ours.
    assert_eq!(container["resources"]["limits"]["memory"], "2048Mi");
    // As deploy/README.md says of containers.
    let context = &container["securityContext"];
    assert_eq!(context["capabilities"]["add"], json!(["SYS_ADMIN"]));
    assert_eq!(context["procMount"], "Unmasked");
    assert!(container["command"][2].as_str().unwrap().contains("mount -o remount,rw /sys/fs/cgroup"));
    // What belongs together finds each other.
    let labels = &pod["metadata"]["labels"];
    assert_eq!(
        (&documents[1]["spec"]["selector"]["matchLabels"], &documents[2]["spec"]["selector"]),
        (labels, labels)
    );
    assert_eq!(
        pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
        documents[0]["metadata"]["name"]
    );
    assert_eq!(documents[2]["spec"]["ports"][0]["targetPort"], container["ports"][0]["name"]);
}

#[test]
fn docker_calls_the_program_itself() {
    let house = Installation::new();
    let server = house.serve();
    let port = port(&server);
    let text =
        printed(&house, &["probes", "docker", "--image", "ringfence", "--name", "box", "--port", &port]);
    let compose = &documents(&text)[0];
    let service = &compose["services"]["box"];
    assert_eq!(service["cap_add"], json!(["SYS_ADMIN"]));
    assert_eq!(service["cgroup"], "private");
    let volume = service["volumes"][0].as_str().unwrap().split(':').next().unwrap();
    assert!(compose["volumes"][volume].is_object(), "{text}");
    let check = &service["healthcheck"];
    let words: Vec<&str> =
        check["test"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words[0], "CMD");
    let said = carried_out(&house, &words[1..]);
    assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(0), &b"ok\n"[..]));
    let line = text.lines().next().unwrap();
    assert_eq!(
        line.split_once(" CMD ").unwrap().1,
        json!(words[1..]).to_string(),
        "the same in a Dockerfile"
    );
    assert!(server.stop());
    let said = carried_out(&house, &words[1..]);
    assert_eq!(said.status.code(), Some(1), "nobody is there");
    assert_eq!(String::from_utf8_lossy(&said.stdout).lines().count(), 1);
}

#[test]
fn systemd_gets_units_beside_the_one_we_ship() {
    let house = Installation::new();
    let server = house.serve();
    let units = house.path().join("units");
    let made = ["probes", "systemd", "--port", &port(&server), "--out", units.to_str().unwrap()];
    assert!(printed(&house, &made).is_empty());
    let again = house.output(&made);
    assert_eq!(again.status.code(), Some(125), "what somebody may have changed is not lost");
    let read = |name: &str| fs::read_to_string(units.join(name)).unwrap();
    let command = |unit: &str, setting: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(setting)).expect("it calls something");
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let shipped = fs::read_to_string(root().join("deploy/ringfence.service")).unwrap();
    assert_eq!(command(&shipped, "ExecStart=")[0], INSTALLED);
    for (name, setting) in
        [("ringfence.service.d/health.conf", "ExecStartPost="), ("ringfence-health.service", "ExecStart=")]
    {
        let words = command(&read(name), setting);
        let said = carried_out(&house, &words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stdout));
    }
    assert!(read("ringfence-health.timer").contains("OnUnitInactiveSec=60s\n"));

    // The program is elsewhere here, and so are the units.
    fs::write(units.join("ringfence.service"), shipped).unwrap();
    for name in ["ringfence.service", "ringfence.service.d/health.conf", "ringfence-health.service"] {
        let text = read(name).replace(INSTALLED, program().to_str().unwrap());
        fs::write(units.join(name), text).unwrap();
    }
    let verify = |name: &str| {
        let path = format!("{}:", units.display());
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--man=no"]).arg(units.join(name)).env("SYSTEMD_UNIT_PATH", path).output()
    };
    for name in ["ringfence.service", "ringfence-health.service", "ringfence-health.timer"] {
        match verify(name) {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let ours = said.lines().find(|line| line.contains(units.to_str().unwrap()));
                assert!(output.status.success() && ours.is_none(), "{name}: {said}");
            }
            Err(error) => eprintln!("not verified by systemd-analyze: {error}"),
        }
    }
    fs::write(units.join("bad.service"), "[Service]\nExecStart=nowhere\n").unwrap();
    if let Ok(output) = verify("bad.service") {
        assert!(!output.status.success(), "it verifies anything");
    }
}

#[test]
fn nothing_slips_in_between_the_lines() {
    let house = Installation::new();
    let hostile = "x\n      privileged: true";
    for words in [
        ["kubernetes", "--image", "ringfence", "--name", hostile],
        ["kubernetes", "--image", hostile, "--name", "ringfence"],
        ["kubernetes", "--image", "ringfence", "--period", "0"],
        ["kubernetes", "--image", "ringfence", "--period", "0.4"],
        ["kubernetes", "--image", "ringfence", "--timeout", "-1"],
        ["kubernetes", "--image", "ringfence", "--port", "0"],
        ["docker", "--image", "ringfence", "--name", "a: b"],
        ["docker", "--image", "ringfence #", "--port", "80"],
        ["docker", "--image", "ringfence", "--port", "65536"],
        ["systemd", "--name", "../x", "--port", "80"],
        ["systemd", "--name", "x\n[Service]\nExecStart=/bin/sh", "--port", "80"],
    ] {
        let output = house.output(&[&["probes"], &words[..]].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}");
    }
    let overtaking = ["probes", "docker", "--image", "ringfence", "--period", "2", "--timeout", "3"];
    assert_eq!(house.output(&overtaking).status.code(), Some(125));
    // Words that are something else in YAML stay words.
    for name in ["no", "y", "on", "null", "true", "e1", "inf"] {
        let text = printed(&house, &["probes", "kubernetes", "--image", name, "--name", name]);
        let deployment = &documents(&text)[1];
        assert_eq!(deployment["metadata"]["name"], name, "{text}");
        assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], name, "{text}");
    }
    for image in ["1234", "1e3", "0x10", "0o7", "1_000", "12:30:45"] {
        let text = printed(&house, &["probes", "docker", "--image", image]);
        assert_eq!(documents(&text)[0]["services"]["ringfence"]["image"], image, "{text}");
    }
}

#[test]
fn health_is_one_line_and_an_exit_code() {
    let house = Installation::with_own_runtimes();
    let server = house.serve();
    let ask = |words: &[&str]| {
        let output = house.output(&[&["health", "--url", &server.url], words].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.stderr.is_empty() && said.lines().count() == 1, "{said}");
        (output.status.code(), said.trim().to_owned())
    };
    assert_eq!(ask(&[]), (Some(0), "ok".to_owned()));
    assert_eq!(ask(&["--deep"]), (Some(0), "ok".to_owned()));
    let bash = house.runtimes_dir().join("shell/root/usr/bin/bash");
    let aside = house.path().join("bash");
    fs::rename(&bash, &aside).unwrap();
    eventually("it is not well", || ask(&[]).0 == Some(1));
    let (_, said) = ask(&["--wait", "1"]);
    assert!(said.starts_with("failing: runtime_damaged (") && said.contains("/usr/bin/bash"), "{said}");
    fs::rename(&aside, &bash).unwrap();
    assert_eq!(ask(&["--wait", "15"]), (Some(0), "ok".to_owned()));

    // Somebody else who answers there has no say on the terminal, and none that all is well.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for body in ["<html>fine</html>", "{\"status\":\"ok\\u001b[2J\",\"problems\":[]}"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            let head = "HTTP/1.1 500 No\r\ncontent-type: application/json\r\nconnection: close";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    for says in ["which is not ours", "ok\\u{1b}[2J"] {
        let output = house.output(&["health", "--url", &url]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(says), "{said}");
    }
}
