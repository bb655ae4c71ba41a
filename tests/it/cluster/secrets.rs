//! No credential appears in anything that is printed, however much is asked for.

use super::end_to_end::work;
use super::lookup;
use crate::redshift::Lake;
use crate::support::aws::{CANARIES, Gateway, wrapped};
use crate::support::warehouse::{Answer, Site};

#[test]
fn no_command_shows_a_credential() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let site = Site::new();
    let run = |arguments: &[&str]| {
        let mut all = vec!["cluster"];
        all.extend(arguments);
        all.extend(["--stack", "secretive", "-vv"]);
        let answer = Answer::of(&gateway.command(&site, &all).env("SPARKIFY_LOG", "trace").output().unwrap());
        assert!(answer.stderr.contains("TRACE") || answer.stderr.contains("DEBUG"), "{arguments:?} traces nothing");
        for canary in CANARIES {
            let said = [&answer.stdout, &answer.stderr].into_iter().find(|text| text.contains(canary));
            assert!(said.is_none(), "{arguments:?} shows {canary}");
        }
        answer.code
    };
    let commands: [&[&str]; 10] = [
        &["policy"],
        &["plan"],
        &["up", "--yes"],
        &["status"],
        &["open", "--yes"],
        &["close"],
        &["pause", "--yes"],
        &["resume", "--yes"],
        &["up", "--yes", "--ttl", "1h"],
        &["down", "--yes", "--no-snapshot"],
    ];
    for arguments in commands {
        assert_eq!(run(arguments), 0, "{arguments:?}");
    }
    gateway.refuse(9, "GetCallerIdentity", 403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
    assert_eq!(run(&["status"]), 1);
}

#[test]
fn no_load_shows_a_credential() {
    let Some(gateway) = Gateway::to_moto() else { return };
    let stack = "secret-load";
    let state = gateway.run(&Site::new(), stack, &["up", "--yes", "--json"]).expect(0).json();
    let lake = Lake::with(|options| {
        let like = lookup::options();
        (options.users, options.database) = (like.users, like.database);
        options.roles = vec![state["role"].as_str().unwrap().to_owned()];
    });
    gateway.stands_for(lake.cluster.standin.port, lookup::ADMIN, CANARIES[2]);
    lake.cluster.put("log_data/1.json", "{\"page\":\"Home\"}\n");
    lake.site.put(
        "sparkify.toml",
        "warehouse = \"redshift:\"\nlogs = \"s3://lake/log_data\"\n[cluster]\nstaging = \"s3://lake/staging/\"\n",
    );
    let canaries = [CANARIES[1], CANARIES[2], lake.cluster.s3.secret_key];
    let run = |arguments: &[&str]| {
        let mut command = work(&gateway, &lake, stack, &[arguments, &["-vv"]].concat());
        let answer = Answer::of(&command.env("SPARKIFY_LOG", "trace").output().unwrap());
        for canary in canaries {
            let said = [&answer.stdout, &answer.stderr].into_iter().find(|text| text.contains(canary));
            assert!(said.is_none(), "{arguments:?} shows {canary}");
        }
        answer
    };
    let commands: [(&[&str], i32); 7] = [
        (&["tables", "create"], 0),
        (&["load", "--dry-run"], 0),
        (&["load", "--max-rejects", "100%"], 3),
        (&["digest"], 0),
        (&["doctor"], 0),
        (&["sql", "select 1 / 0"], 1),
        (&["config"], 0),
    ];
    for (arguments, code) in commands {
        let answer = run(arguments).expect(code);
        assert!(arguments == ["config"] || answer.stderr.contains("DEBUG"), "{arguments:?} traces nothing");
    }
    // What is kept, in the ledger and the quarantine, neither.
    let kept = run(&["sql", "select * from load_runs", "--format", "json"]).expect(0);
    assert!(kept.stdout.contains("settings"), "{}", kept.stdout);
    // Nor when the password is wrong, or the answer is none.
    let login = format!("<DbUser>{}</DbUser><DbPassword>{}x</DbPassword>", lookup::ADMIN, CANARIES[2]);
    gateway.answer(1, "GetClusterCredentials", 200, wrapped("GetClusterCredentials", &login));
    assert!(run(&["digest"]).expect(1).stderr.contains("refuses the password"));
    gateway.answer(1, "GetClusterCredentials", 200, format!("<Half><DbPassword>{}</DbPassword>", CANARIES[2]));
    assert!(run(&["digest"]).expect(1).stderr.contains("holds no user and password"));
    gateway.run(&Site::new(), stack, &["down", "--yes", "--no-snapshot"]).expect(0);
}

#[test]
fn a_value_from_the_settings_cannot_become_another_request() {
    let gateway = Gateway::alone();
    let site = Site::new();
    site.put("sparkify.toml", "[cluster]\nowner = \"ann&Action=DeleteStack\"\n");
    // It goes as one field's value, whatever is in it.
    gateway.answer(
        9,
        "GetCallerIdentity",
        200,
        wrapped("GetCallerIdentity", "<Account>1</Account><Arn>arn:aws:iam::1:user/a</Arn>"),
    );
    gateway.run(&site, "quoted", &["up", "--yes"]).expect(1);
    assert!(gateway.asked().iter().all(|asked| asked.action != "DeleteStack"));
}
