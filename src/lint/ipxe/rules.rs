//! What can be wrong with an iPXE script.

crate::lint::rule::rules! {
NO_SHEBANG = "IPX001" Error, "not a script",
    "iPXE takes a file for a script only if its very first bytes are `#!ipxe`, in lower case and followed by white space. A BIOS runs anything else as machine code and hangs; UEFI says `Exec format error`.",
    "Let the file begin with `#!ipxe` and a line end: no byte order mark, blank line, space or comment before it. In a template write tags before it as {%- … -%}.";
CRLF = "IPX002" Info, "CRLF line ends",
    "iPXE drops the carriage return at the end of a line, so this works. It is a sign that the file went through an editor or a shell that may have changed more.",
    "Save the file with LF line ends.";
CONTROL = "IPX003" Error, "control character",
    "A NUL ends a line for iPXE: what follows it in the line is lost. Other control characters become part of words and URLs, where nobody sees them.",
    "Remove the character.";
LEFTOVER = "IPX005" Error, "leftover template syntax",
    "The text still has the tags of a template language. iPXE knows none and takes them for words, so a command gets arguments such as `{{`.",
    "Render the template before it is served, or mend the tag that was not taken for one.";
UNTERMINATED = "IPX006" Warning, "unterminated ${",
    "`${` without a `}` in the same word stays as it is: words are split at white space before anything is expanded, so `${net0 /mac}` is two words.",
    "Close it with `}`, and write no white space inside.";
PRINTED_NONE = "IPX007" Warning, "a missing value printed as text",
    "`None`, `True`, `<no value>` and their like are how template languages print values that are missing or are no text. A kernel takes them literally.",
    "Give the template the value, or leave the argument out where there is none.";
UNKNOWN_COMMAND = "IPX010" Error, "unknown command",
    "No build of iPXE has this command. It prints `command not found`, which is a failure like any other: without `||` the script ends there.",
    "Correct its name; https://ipxe.org/cmd lists them.";
UNKNOWN_OPTION = "IPX011" Error, "unknown option",
    "The command prints its usage and fails, so without `||` the script ends there. Every word that begins with `-` before the first argument is taken for an option, in `echo` and `item` too.",
    "Correct the option, or write `--` before a text that begins with `-`.";
BAD_VALUE = "IPX012" Error, "value of an option",
    "The option lacks its value, has one that it does not take, or its value is no number. The command prints its usage and fails. A value can not begin with `-`, unless it is written `--option=-value`.",
    "Give the option a value of the kind that it takes.";
ARGUMENT_COUNT = "IPX013" Error, "wrong number of arguments",
    "The command prints its usage and fails, so without `||` the script ends there. There is no quoting: every word is an argument of its own.",
    "Give the command as many arguments as it takes.";
NEEDS_FEATURE = "IPX014" Info, "needs a build option",
    "Not every iPXE is built with this. Where it is missing, the command is not found or the URL is not understood, and the step fails.",
    "Make sure that the iPXE of your machines is built with the option, or say with `||` what happens without it.";
LATE_OPTION = "IPX015" Warning, "option after the first argument",
    "iPXE stops to look for options at the first word that is none. What follows goes to the image as its command line, or is ignored.",
    "Write options before the first argument.";
NEWER_OPTION = "IPX016" Info, "newer than the iPXE of 2019",
    "iPXE 1.0.0+ of 2019, which Debian 12 ships, does not know it and fails.",
    "Leave it out if such machines get this script.";
UNDEFINED_LABEL = "IPX020" Error, "undefined label",
    "`goto` to a label that does not exist fails without a word, and the script ends: typically on the path that nobody tries.",
    "Add the label, or correct its name.";
DUPLICATE_LABEL = "IPX021" Warning, "duplicate label",
    "`goto` looks for a label from the start of the script and takes the first one; the other can not be gone to.",
    "Give one of them another name.";
UNUSED_LABEL = "IPX022" Info, "nothing leads here",
    "No `goto` names the label and what stands before it never falls through, so these lines never run.",
    "Remove the section, or go to it.";
MENU_ITEM = "IPX023" Warning, "menu item without a label",
    "The script goes to the chosen item by its name, and there is no such label: to choose it ends the script without a word.",
    "Add the label, or give the item the name of one.";
UNHANDLED = "IPX030" Warning, "nobody handles the failure",
    "Where a command fails and no `||` follows, the whole script ends, and the firmware goes to its next boot device: often the disk, with whatever was installed before. Networks and servers fail on some day. In a plain script file it is an info: another script may have called it, and handle what it returns.",
    "Write `|| goto LABEL` and let that say what is wrong, wait and try again; or `||` alone if it does not matter.";
TEST_ENDS = "IPX031" Warning, "a test that ends the script",
    "A test that says no is a failure, and a failure that no `||` follows ends the script. `iseq a b && goto x` without `||` runs the next line never: it goes to x, or ends.",
    "End the line with `||`, which does nothing and lets the script go on, or with `|| goto LABEL`.";
PROMPT = "IPX032" Warning, "a prompt that ends the script",
    "`prompt` fails when its time is up, or when another key than --key is pressed; without `||` the script ends there and the machine goes to its next boot device.",
    "Say what happens in both cases: `prompt --timeout 5000 … && goto key || goto no_key`.";
CHOICE = "IPX033" Warning, "a question that ends the script",
    "Esc and Ctrl-C make the command fail; without `||` the script ends there.",
    "Write `|| goto LABEL`.";
UNREACHABLE = "IPX034" Warning, "unreachable",
    "The line before never falls through, and no label lets anything come here.",
    "Remove the lines, or mend what comes before them.";
QUOTE = "IPX050" Warning, "unclosed quote",
    "The kernel reads everything after an unclosed \" as one argument. iPXE knows no quotes: it collapses the white space between them too.",
    "Close the quote.";
LONG_COMMAND_LINE = "IPX051" Warning, "command line too long",
    "Linux takes at most 2,047 bytes of command line on x86 and arm64, and cuts the rest off without a word.",
    "Shorten it; most installers can read their options from a file instead.";
GLUED = "IPX052" Warning, "an operator that is none",
    "`||`, `&&` and `;` separate commands only where white space stands on both sides. Glued to another word they are part of an argument.",
    "Write white space around the operator.";
QUOTED_URL = "IPX053" Error, "a quoted URL",
    "iPXE has no quoting: the quotes are part of the URL, which is then neither absolute nor found.",
    "Write the URL without quotes; a space in it is %20.";
RELATIVE_COLON = "IPX060" Warning, "a colon in a relative URL",
    "iPXE before 2020 takes everything before the first `:` for the scheme of a URL, wherever it stands, so a relative URL with a MAC in it fails.",
    "Write the URL absolute, or MACs as ${mac:hexhyp}.";
UPPER_SCHEME = "IPX061" Warning, "a scheme in upper case",
    "iPXE before 2020 compares schemes by case and does not know this one.",
    "Write the scheme in lower case.";
BAD_SCHEME = "IPX062" Error, "a URL that iPXE can not open",
    "No build of iPXE knows this scheme, or the URL names no host.",
    "Correct the URL: http://HOST/PATH.";
OVERRIDES = "IPX040" Warning, "set of what iPXE knows itself",
    "The value stands in front of the one that iPXE finds out itself, in this script and in those that it chains: later tests see it and not the machine. In the block `builtin/` or `smbios/` it can not be set at all.",
    "Use a name of your own.";
SETTING_TYPE = "IPX041" Error, "unknown setting type",
    "A setting of an unknown type is empty where it is read, and can not be set.",
    "Use one of string, uristring, ipv4, ipv6, int8, int16, int32, uint8, uint16, uint32, hex, hexhyp, hexraw, base64, uuid, guid, busdevfn, dnssl.";
ISSET_LITERAL = "IPX042" Warning, "isset of a name",
    "`isset` looks whether its argument is empty. A name is not, so this always succeeds.",
    "Write `isset ${NAME}`.";
ISEQ_LITERAL = "IPX043" Warning, "iseq of constants",
    "Neither side has a `${…}`, so the outcome is always the same.",
    "Write `iseq ${NAME} VALUE`.";
SET_EQUALS = "IPX044" Warning, "set with =",
    "`set` takes a name and a value as two words. This makes a setting whose name has a `=`.",
    "Write `set NAME VALUE`.";
INITRD_NAME = "IPX070" Info, "no initrd= for UEFI",
    "On UEFI a kernel that is loaded by iPXE before 2020 finds its initrd only by the argument initrd=NAME, and panics without it. Newer iPXE and Linux 5.7 find it by themselves, and a BIOS does not look.",
    "Add initrd=NAME to the kernel's arguments, where NAME is the file name of the initrd or what --name says.";
INITRD_MISMATCH = "IPX071" Warning, "initrd= names no initrd",
    "On UEFI the kernel asks iPXE for a file of this name and finds none: it stops, or goes on without its initrd. The name of an image is the last part of its URL, or what --name says.",
    "Let initrd= name an initrd that the script loads.";
SPACE_AFTER_BACKSLASH = "IPX080" Warning, "white space after \\",
    "Only a `\\` that is the last byte of a line joins the next one to it. Here it is a word of its own or part of one, and the next line is a command.",
    "Remove the white space.";
COMMENT_IN_JOINED = "IPX081" Warning, "a comment in a joined line",
    "Joined lines are one line, and a comment reaches to its end: all that follows is lost.",
    "Move the comment before the line.";
OPEN_END = "IPX082" Warning, "\\ at the end of the script",
    "Nothing follows that could be joined, and iPXE never runs the line.",
    "Remove the `\\`.";
}
