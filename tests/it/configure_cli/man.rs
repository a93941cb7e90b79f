//! Manual pages.

use std::fs;

use snapbox::str;
use tests::snapshot;

use super::toolbox_home;

#[test]
fn every_command_has_a_page() {
    let home = toolbox_home();
    snapshot!(
        home.run(["man", "--out-dir", "pages"]),
        str![[r#"
------- stderr -------
wrote 72 pages to `pages`
[exit: 0]
"#]]
    );
    let mut pages: Vec<String> = fs::read_dir(home.cwd().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    snapshot!(
        pages.join("\n"),
        str![[r#"
flyte-host-box-drawer-open.1
flyte-host-box-drawer.1
flyte-host-box.1
flyte-host-config-keys-list.1
flyte-host-config-keys.1
flyte-host-config-path.1
flyte-host-config-rotate.1
flyte-host-config-show.1
flyte-host-config.1
flyte-host-create-app.1
flyte-host-create-bucket.1
flyte-host-create.1
flyte-host-doctor.1
flyte-host-execution-activate.1
flyte-host-execution-approve.1
flyte-host-execution-archive.1
flyte-host-execution-inputs.1
flyte-host-execution-outputs.1
flyte-host-execution-recover.1
flyte-host-execution-reject.1
flyte-host-execution-relaunch.1
flyte-host-execution-set-input.1
flyte-host-execution-show.1
flyte-host-execution-terminate.1
flyte-host-execution-watch.1
flyte-host-execution.1
flyte-host-fetch.1
flyte-host-get-domains.1
flyte-host-get-executions.1
flyte-host-get-launch-plans.1
flyte-host-get-nodes.1
flyte-host-get-projects.1
flyte-host-get-task-executions.1
flyte-host-get-tasks.1
flyte-host-get-workflows.1
flyte-host-get.1
flyte-host-launchplan-activate.1
flyte-host-launchplan-deactivate.1
flyte-host-launchplan.1
flyte-host-login.1
flyte-host-logout.1
flyte-host-plugin-check.1
flyte-host-plugin-disable.1
flyte-host-plugin-enable.1
flyte-host-plugin-install.1
flyte-host-plugin-list.1
flyte-host-plugin-new.1
flyte-host-plugin-path.1
flyte-host-plugin-publish.1
flyte-host-plugin-remove.1
flyte-host-plugin-rollback.1
flyte-host-plugin-search.1
flyte-host-plugin-show.1
flyte-host-plugin-update.1
flyte-host-plugin-wheel.1
flyte-host-plugin.1
flyte-host-project-activate.1
flyte-host-project-archive.1
flyte-host-project-create.1
flyte-host-project-update.1
flyte-host-project.1
flyte-host-register.1
flyte-host-run.1
flyte-host-sandbox-reset.1
flyte-host-sandbox-start.1
flyte-host-sandbox-status.1
flyte-host-sandbox-stop.1
flyte-host-sandbox.1
flyte-host-upload.1
flyte-host-version.1
flyte-host-whoami.1
flyte-host.1
"#]]
    );
    snapshot!(
        home.read("pages/flyte-host-doctor.1"),
        str![[r#"
.ie \n(.g .ds Aq \(aq
.el .ds Aq '
.TH flyte-host-doctor 1  "flyte-host 0.1.0" Flyte
.SH NAME
flyte\-host\-doctor \- Check this laptop
.SH SYNOPSIS
\fBflyte\-host doctor\fR [\fB\-c\fR|\fB\-\-config\fR] [\fB\-l\fR|\fB\-\-level\fR] [\fB\-p\fR|\fB\-\-project\fR] [\fB\-\-tool\fR] [\fB\-d\fR|\fB\-\-domain\fR] [\fB\-q\fR|\fB\-\-quick\fR] [\fB\-\-sandbox\fR] [\fB\-\-slow\fR] [\fB\-L\fR|\fB\-\-loud\fR]... [\fB\-o\fR|\fB\-\-output\fR] [\fB\-\-plugin\fR] [\fB\-\-end\fR] [\fB\-\-no\-plugins\fR] [\fB\-\-plugin\-fallback\fR] [\fB\-\-isolate\fR] [\fB\-v\fR|\fB\-\-verbose\fR]... [\fB\-\-region\fR] [\fB\-h\fR|\fB\-\-help\fR] [\fIORGAN\fR] 
.SH DESCRIPTION
Check this laptop
.PP
It prints its arguments, and ends as they say.
.SH OPTIONS
.TP
\fB\-l\fR, \fB\-\-level\fR \fI<LEVEL>\fR [default: low]
How hard to look

A hard look takes longer.
.br

.br
\fIPossible values:\fR
.RS 14
.IP \(bu 2
low
.IP \(bu 2
high
.RE
.TP
\fB\-\-tool\fR \fI<TOOL>\fR
What to look with; may be repeated
.TP
\fB\-q\fR, \fB\-\-quick\fR
Be quick
.RS
May also be specified with the \fBTOOLBOX_QUICK\fR environment variable. 
.RE
.TP
\fB\-\-slow\fR
Take your time
.TP
\fB\-L\fR, \fB\-\-loud\fR
Say it louder
.TP
\fB\-\-end\fR \fI<END>\fR [default: well]
How to end
.br

.br
\fIPossible values:\fR
.RS 14
.IP \(bu 2
well
.IP \(bu 2
code
.IP \(bu 2
error
.IP \(bu 2
error\-code
.IP \(bu 2
usage
.IP \(bu 2
panic
.IP \(bu 2
remote
.IP \(bu 2
bytes
.RE
.TP
\fB\-h\fR, \fB\-\-help\fR
Print help (see a summary with \*(Aq\-h\*(Aq)
.TP
[\fIORGAN\fR]
What to look at
.SH "GLOBAL OPTIONS"
.TP
\fB\-c\fR, \fB\-\-config\fR \fI<FILE>\fR
Flyte configuration file
.TP
\fB\-p\fR, \fB\-\-project\fR \fI<PROJECT>\fR
Flyte project
.TP
\fB\-d\fR, \fB\-\-domain\fR \fI<DOMAIN>\fR [default: staging]
Flyte domain
.TP
\fB\-\-sandbox\fR
Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
.TP
\fB\-o\fR, \fB\-\-output\fR \fI<FORMAT>\fR
Output format
.br

.br
\fIPossible values:\fR
.RS 14
.IP \(bu 2
json: JSON
.IP \(bu 2
name: One name per line
.IP \(bu 2
table: Human\-readable table
.IP \(bu 2
yaml: YAML
.RE
.TP
\fB\-\-plugin\fR \fI<NAME>\fR
Load a plugin by name or path (repeatable; the first takes precedence)
.TP
\fB\-\-no\-plugins\fR
Load no plugins
.TP
\fB\-\-plugin\-fallback\fR
Continue without plugins that cannot be used
.TP
\fB\-\-isolate\fR
Run each plugin in a process of its own
.TP
\fB\-v\fR, \fB\-\-verbose\fR
Verbose output (\-vv for debug)
.TP
\fB\-\-region\fR \fI<REGION>\fR [default: eu]
Where to work
.br

.br
\fIPossible values:\fR
.RS 14
.IP \(bu 2
eu
.IP \(bu 2
us
.RE
.RS
May also be specified with the \fBTOOLBOX_REGION\fR environment variable. 
.RE
.SH EXTRA
Example:
  flyte\-host doctor \-\-level high ears eyes

"#]]
    );
}

#[test]
fn the_first_page_goes_to_the_standard_output() {
    let output = toolbox_home().run(["man"]);
    assert!(output.contains(".TH flyte-host 1") && output.contains(r"flyte\-host\-doctor(1)"), "{output}");
}
