//! What is asked at the prompt, and what each answer must be.

use crate::report::tail;

/// Columns that no line of an answer may pass.
const COLUMNS: usize = 80;

/// Something that is typed, and what must and must not come of it.
pub(super) struct Question {
    pub(super) name: &'static str,
    /// Keys, and words that must be there before they are sent; no words: the prompt.
    pub(super) steps: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
    never: &'static str,
}

/// A line at the prompt.
const fn line(
    name: &'static str,
    steps: &'static [(&'static str, &'static str)],
    says: &'static [&'static str],
) -> Question {
    let never = "no such command";
    Question {
        name,
        steps,
        says,
        never,
    }
}

const ALL: &[&str] = &[
    "help [COMMAND]",
    "info",
    "mem",
    "dma devices",
    "dma pools [reset]",
    "dma maps",
    "dma trace [EVENTS]",
    "dma debug [all|off|COUNT|for]",
    "selftest [PATTERN]",
    "bench [PATTERN]",
    "sd info",
    "sd ls [PATH]",
    "sd sum [--pio]",
    "sd cat PATH",
    "peek ADDR [LEN]",
    "cores",
    "bt",
    "log [LEVEL]",
    "reboot",
    "poweroff",
];

/// All of them, in the order in which they are asked.
pub(super) const SESSION: &[Question] = &[
    line("help lists all commands", &[("", "help\r")], ALL),
    line(
        "help explains one",
        &[("", "help dma pools\r")],
        &["upper bound"],
    ),
    line(
        "the benchmark counts at the prompt too",
        &[("", "bench base/spinlock\r")],
        &[
            "config,section,case,op",
            "carom,base,spinlock,lock_unlock_irqsave,-,0,0,",
        ],
    ),
    Question {
        never: "usage",
        ..line(
            "unknown input gets the nearest command",
            &[("", "selftets\r")],
            &["\"selftest\" is near"],
        )
    },
    line(
        "the first word of several lists them",
        &[("", "dma\r")],
        &["dma maps", "dma pools"],
    ),
    line(
        "a wrong use gets the usage",
        &[("", "peek\r")],
        &["usage: peek ADDR [LEN]"],
    ),
    line(
        "a bad address is an answer",
        &[("", "peek 1000000000\r")],
        &["0x1000000000 cannot be read: data abort"],
    ),
    line(
        "memory is shown: the image's own magic",
        &[("", "peek ffffffffc0000030 16\r")],
        &["0xffffffffc0000030  ", "644d5241", "ARMd"],
    ),
    line(
        "a register is read",
        &[("", "peek fe201fe0\r")],
        &["00000011"],
    ),
    line(
        "keys edit in the middle",
        &[("", "mxm\x1b[D\x1b[D\x1b[3~e\r")],
        &["zone Normal"],
    ),
    line("Tab completes", &[("", "dma po\t\r")], &["in use"]),
    line(
        "the arrow up brings the last line back",
        &[("", "\x1b[A\r")],
        &["in use"],
    ),
    Question {
        never: "0xffffffffc003fff0",
        ..line(
            "Ctrl-C stops what takes long",
            &[
                ("", "peek ffffffffc0000000 256K\r"),
                ("0xffffffffc0000080", "\x03"),
            ],
            &[],
        )
    },
    line(
        "Ctrl-C gives a line up",
        &[("", "garbage"), ("garbage", "\x03")],
        &["^C"],
    ),
    line(
        "mappings are counted",
        &[("", "dma maps\r")],
        &["master", "dma "],
    ),
    line(
        "the checker is told to be off",
        &[("", "dma debug\r")],
        &["boot with dma_debug=on"],
    ),
    line(
        "the last calls are told",
        &[("", "dma trace 4\r")],
        &[
            "trace begin",
            "trace device ",
            "trace core 3 lost ",
            " unmap ",
            "trace end ",
        ],
    ),
    line(
        "the card and its volume are described",
        &[("", "sd info\r")],
        &[
            "  size       128 MiB",
            "  partition  1 of type 0x0c, 260096 blocks from 2048 on",
            "  volume     Fat32, 129035 clusters of 1024 bytes",
            "  access     read-only",
        ],
    ),
    line(
        "the root is listed: sizes, long names, any script",
        &[("", "sd ls\r")],
        &[
            "            nothing in here/",
            "         0  EMPTY.BIN",
            "      5000  日本語のファイル名.bin",
            "            tree/",
            "   5242893  large.bin",
            "15 files, ",
        ],
    ),
    line(
        "a directory is listed",
        &[("", "sd ls tree\r")],
        &["     65537  leaf.bin", "            branch/"],
    ),
    line(
        "a path that is not there is told",
        &[("", "sd ls nowhere\r"), ("", "sd cat tree/no.bin\r")],
        &["sd ls: nowhere: ", "sd cat: tree/no.bin: "],
    ),
    line(
        "all below a directory is summed",
        &[("", "sd sum tree\r")],
        &[
            "  tree/leaf.bin\r\n",
            "  tree/branch/leaf.bin\r\n",
            "  tree/branch/twig/Blätter im Wind.bin\r\n",
            "3 files, 95537 bytes, 3 right, 0 wrong",
        ],
    ),
    line(
        "a file is shown as text",
        &[("", "sd cat SHA256SUMS\r")],
        &[
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  EMPTY.BIN\r\n",
            "  many/file number 39.bin\r\n",
        ],
    ),
    Question {
        never: "57 files, ",
        ..line(
            "Ctrl-C stops a sum",
            &[("", "sd sum\r"), ("  CLUSTER.BIN", "\x03")],
            &["; ended early"],
        )
    },
    line(
        "every core is described",
        &[("", "cores\r")],
        &["core  state ", "   0  runs ", "   3  ", " jobs wait"],
    ),
    line(
        "a level is set",
        &[("", "log debug\r"), ("", "log\r")],
        &["debug\r\n"],
    ),
    line(
        "a backtrace has addresses",
        &[("", "bt\r")],
        &["  0xffffffffc0"],
    ),
    line(
        "the report comes again",
        &[("", "info\r")],
        &["main job passed", " 0 characters lost"],
    ),
    line(
        "the firmware is asked anew, and what it does not answer is told apart",
        &[("", "info\r")],
        &[
            "  warmth     25.0 C",
            "power      SD not answered",
            "by nothing now",
        ],
    ),
    line(
        "a self-test runs again",
        &[("", "selftest \"null traps\"\r")],
        &["1..1", "ok 1 null traps"],
    ),
    line("power off", &[("", "poweroff\r")], &[]),
];

impl Question {
    /// Judges what the console said after each of its steps.
    pub(super) fn judge(&self, pieces: &[&str]) -> Result<(), String> {
        if pieces.len() < self.steps.len() {
            return Err("it was never asked".to_owned());
        }
        let answer = pieces.concat();
        if let Some(unsaid) = self.says.iter().find(|words| !answer.contains(**words)) {
            return Err(format!("no \"{unsaid}\" in:\n{answer}"));
        }
        if answer.contains(self.never) {
            return Err(format!("\"{}\" in:\n{}", self.never, tail(&answer)));
        }
        let mut lines = answer.lines().filter(|line| !is_sum(line));
        let wide = lines.find(|line| shown(line) > COLUMNS);
        wide.map_or(Ok(()), |line| {
            Err(format!("wider than {COLUMNS} columns: {line}"))
        })
    }
}

/// A line of `sha256sum` is as long as its path.
fn is_sum(line: &str) -> bool {
    let digest = line.split("  ").next().unwrap_or_default();
    digest.len() == 64 && digest.bytes().all(|c| c.is_ascii_hexdigit())
}

/// Columns that a line takes. One that is drawn again starts anew behind its CR.
fn shown(line: &str) -> usize {
    let last = line.trim_end().rsplit('\r').next();
    last.map_or(0, |text| text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_must_say_what_it_should_and_nothing_that_it_must_not() {
        let question = line("x", &[("", "x\r")], &["yes"]);
        assert!(question.judge(&["x\r\nyes\r\n"]).is_ok());
        assert!(question.judge(&["x\r\nno\r\n"]).is_err());
        assert!(question.judge(&["yes, but no such command"]).is_err());
        assert!(question.judge(&[]).unwrap_err().contains("never asked"));
    }

    #[test]
    fn a_line_of_more_than_80_columns_is_told() {
        let question = line("x", &[("", "x\r")], &[]);
        assert!(question.judge(&["x".repeat(80).as_str()]).is_ok());
        assert!(question.judge(&["x".repeat(81).as_str()]).is_err());
        let sum = "a".repeat(64) + "  " + &"x".repeat(80);
        assert!(question.judge(&[sum.as_str()]).is_ok());
        let redrawn = format!("{}\r{}", "x".repeat(60), "y".repeat(60));
        assert!(question.judge(&[redrawn.as_str()]).is_ok());
    }
}
