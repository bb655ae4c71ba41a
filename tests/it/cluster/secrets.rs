//! No credential appears in anything that is printed, however much is asked for.

use crate::support::aws::{CANARIES, Gateway};
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
fn a_value_from_the_settings_cannot_become_another_request() {
    let gateway = Gateway::alone();
    let site = Site::new();
    site.put("sparkify.toml", "[cluster]\nowner = \"ann&Action=DeleteStack\"\n");
    // It goes as one field's value, whatever is in it.
    gateway.answer(
        9,
        "GetCallerIdentity",
        200,
        crate::support::aws::wrapped("GetCallerIdentity", "<Account>1</Account><Arn>arn:aws:iam::1:user/a</Arn>"),
    );
    gateway.run(&site, "quoted", &["up", "--yes"]).expect(1);
    assert!(gateway.asked().iter().all(|asked| asked.action != "DeleteStack"));
}
