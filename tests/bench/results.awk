# SPDX-License-Identifier: BSD-2-Clause
# RESULTS.md out of what results.sh has measured; with part=plot the picture's data, with part=readme
# what README.md has of it.
BEGIN { FS = "\t"; SUBSEP = "|" }

$1 == "fact" { fact[$2] = $3; next }
{
    count[$1, $2] = $3
    p50[$1, $2] = $4
    p99[$1, $2] = $5
    ratio[$1, $2] = $6
}

function has(what, who) { return (what, who) in p50 }

function commas(n,   text) {
    text = sprintf("%.0f", n)
    while (match(text, /[0-9][0-9][0-9][0-9](,|$)/))
        text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
    return text
}

function number(n) { return n < 10 ? sprintf("%.2f", n) : n < 100 ? sprintf("%.1f", n) : commas(n) }

# "median (99th percentile)"
function times(what, who) {
    if (!has(what, who))
        return "-"
    return number(p50[what, who]) " (" tail_text(what, who) ")"
}

function median(what, who) { return has(what, who) ? number(p50[what, who]) : "-" }

# The 99th percentile; the empty string if there are too few samples for one.
function tail(what, who) { return has(what, who) && count[what, who] >= 100 ? p99[what, who] + 0 : "" }

function tail_text(what, who,   p) { return (p = tail(what, who)) == "" ? "-" : number(p) }

# Of the 99th percentiles, beside a flood and without one.
function slower(what, who) {
    if (tail(what, who) == "" || tail(what, who ", flooded") == "")
        return ""
    return tail(what, who ", flooded") / tail(what, who)
}

function ratio_of(what, who) {
    return has(what, who) && ratio[what, who] != "-" ? ratio[what, who] + 0 : ""
}

function of_medians(what, ours, theirs) {
    return has(what, ours) && has(what, theirs) ? p50[what, ours] / p50[what, theirs] : ""
}

function show(value, format) { return value == "" ? "-" : sprintf(format, value) }

function share(what, who) { return show(ratio_of(what, who), "%.3f") }

function medians(what) {
    return median(what, "ours") " | " median(what, "ssh-agent") " | " median(what, "pageant") " | " \
        median(what, "gpg-agent")
}

function row(text) { print "| " text " |" }

function head(text,   rest, i, columns) {
    row(text)
    columns = split(text, rest, "|")
    text = "|---|"
    for (i = 2; i <= columns; i++)
        text = text "---:|"
    print text
}

# One row for each of what is in list, a column for each agent, and the ratio of ours to ssh-agent.
function agents(title, prefix, list,   i, n, what, items) {
    print ""
    head(title " | split-ssh | ssh-agent | pageant | gpg-agent | ours / ssh-agent")
    n = split(list, items, " ")
    for (i = 1; i <= n; i++) {
        what = prefix items[i]
        row(label(items[i]) " | " times(what, "ours") " | " times(what, "ssh-agent") " | " \
            times(what, "pageant") " | " times(what, "gpg-agent") " | " share(what, "ssh-agent"))
    }
}

function label(text) {
    if (text in kind)
        return kind[text]
    return text ~ /^[0-9]+$/ ? commas(text) : text
}

# results.sh counts the **no**s.
function verdict(value, limit, format) {
    if (value == "none")
        return "- | -"
    if (value == "")
        return "- | **no** (not measured)"
    return sprintf(format, value) " | " (value <= limit ? "yes" : "**no**")
}

# A figure on one processor and on all of them; "none": nothing is aimed at there.
function figure(text, limit, one, all, format) {
    row(text " | " sprintf(format, limit) " | " verdict(one, limit, format) " | " \
        verdict(all, limit, format))
}

function both(text, limit, what, who) {
    figure(text, limit, ratio_of("one/" what, who), ratio_of("all/" what, who), "%.3f")
}

function above_bound(what) {
    if (!has(what, "ours") || !has(what, "round trip, hop") || !has(what, "library"))
        return ""
    return p50[what, "ours"] / (p50[what, "round trip, hop"] + p50[what, "library"])
}

# The larger of the ratios of the 99th percentiles of a client of ours, for one flood.
function worst(flood, victim,   what, a, b) {
    what = "all/hostile/" flood "/" victim
    a = slower(what, "other qube")
    b = slower(what, "vault")
    return a == "" || b == "" ? "" : a > b ? a : b
}

# A signature that has begun is waited for: that this is so, and what it comes to.
function one_rsa(   what, alone, idle) {
    what = "all/hostile/bench-rsa-4096/bench-ed25519-256"
    print "\nWho signs beside a flood of RSA-4096 signatures waits for the one that is under way, which nothing"
    print "interrupts. That wait is real: one takes " median("all/hostile/one", "ours") " µs where nothing else runs (median, the same section),"
    alone = has("all/hostile/one", "ours") ? p50["all/hostile/one", "ours"] : ""
    idle = tail(what, "other qube")
    print show(alone == "" || idle == "" ? "" : alone / idle, "%.1f") " times the p99 of the other qube's own ed25519 signature beside no flood."
}

function start_ms(mode, who) {
    return has(mode "/start/0", who) ? p50[mode "/start/0", who] / 1000 : ""
}

function figures(   flood, i, pss) {
    print "\n## The figures aimed at\n"
    print "Ours / the installed ssh-agent, medians, unless another comparison is named."
    print ""
    head("what | at most | one processor | met | all processors | met")
    both("sign, ed25519", 0.12, "sign/ed25519-256", "ssh-agent")
    both("sign, ECDSA P-256", 0.20, "sign/ecdsa-256", "ssh-agent")
    both("sign, RSA-2048", 0.50, "sign/rsa-2048", "ssh-agent")
    both("sign, RSA-3072", 0.80, "sign/rsa-3072", "ssh-agent")
    both("sign, RSA-4096", 0.93, "sign/rsa-4096", "ssh-agent")
    both("one use by ssh (connect, list, sign, close), ed25519", 0.18, "use/agents", "ssh-agent")
    figure("time per signature, RSA-4096, " most " connections", 0.93, "none", \
        of_medians("all/throughput/rsa-4096/" most, "ours", "ssh-agent"), "%.3f")
    both("list, " commas(fact["keys"]) " keys", 0.05, "list/" fact["keys"], "ssh-agent")
    both("list beside " commas(fact["idle"]) " idle connections / beside none (ours)", 1.1, \
        "idle-list/" fact["idle"], "ours, alone")
    for (i = 1; i <= 4; i++) {
        flood = floods[i]
        figure("another client's p99, it lists, beside " flood_name[flood] " / idle (ours)", 2, "none", \
            worst(flood, "list"), "%.2f")
        figure("... it signs, ed25519", 2, "none", worst(flood, "bench-ed25519-256"), "%.2f")
    }
    figure("sign, ed25519 / (round trip + hop + libsodium alone)", 1.25, \
        above_bound("one/limit/ed25519-256"), above_bound("all/limit/ed25519-256"), "%.3f")
    both("relay, one use / bare posix_spawn", 1.05, "use/relays", "spawn")
    pss = has("memory/0", "ours") && p50["memory/0", "ours"] >= 0 ? p50["memory/0", "ours"] / 1024 : ""
    figure("all our processes, PSS, no keys, MiB", 6, "none", pss, "%.2f")
    figure("start to first answer, ms", 12, start_ms("one", "ours"), start_ms("all", "ours"), "%.1f")
    one_rsa()
}

function setup() {
    kind["ed25519-256"] = "ed25519"
    kind["ecdsa-256"] = "ECDSA P-256"
    kind["rsa-2048"] = "RSA-2048"
    kind["rsa-3072"] = "RSA-3072"
    kind["rsa-4096"] = "RSA-4096"
    kind["agents"] = "one use"
    kinds = "ed25519-256 ecdsa-256 rsa-2048 rsa-3072 rsa-4096"
    split("bench-ed25519-256 bench-rsa-4096 list extension", floods, " ")
    floods[0] = "first/bench-rsa-4096"
    flood_name[floods[0]] = "a flood of RSA-4096 signatures, first 1,000"
    flood_name["bench-ed25519-256"] = "a flood of ed25519 signatures"
    flood_name["bench-rsa-4096"] = "a flood of RSA-4096 signatures"
    flood_name["list"] = "a flood of lists"
    flood_name["extension"] = "a flood of unknown extensions"
    crowds = split(fact["crowd"], crowd, " ")
    most = crowd[crowds]
    key_counts = fact["keys"] == 1000 ? "1 10 100 1000" : "1 10 " fact["keys"]
    mode_name["one"] = "one processor"
    mode_name["all"] = "all processors"
}

function introduction() {
    print "<!-- SPDX-License-Identifier: BSD-2-Clause -->"
    print "# Measured\n"
    print "Written by `tests/bench/results.sh` on " fact["date"] ": split-ssh " fact["split-ssh"] " on"
    print fact["processor"] "; " fact["system"] "."
    print "OpenSSH " fact["OpenSSH"] ", PuTTY " fact["PuTTY"] ", GnuPG " fact["GnuPG"] " (libgcrypt " \
        fact["libgcrypt"] "), libsodium " fact["libsodium"] ", OpenSSL " fact["OpenSSL"] ","
    print "socat " fact["socat"] ", ncat " fact["ncat"] ".\n"
    if (!("load" in fact) || fact["load"] > fact["load allowed"])
        print "**THE MACHINE WAS BUSY with something else (load at the start: " \
            ("load" in fact ? fact["load"] : "not noted") "): these numbers prove nothing.**\n"
    print "![Time of a signature, time of a list, and another client's wait beside a flood](results.svg)\n"
    print "All in one run, in turn: a short batch of each agent, then the next round in another order."
    print "Times are microseconds, *median (99th percentile)* of all batches; `-` in brackets: fewer than"
    print "100 samples, too few for one. A ratio of two that were measured in turn is the median of the ratios of"
    print "the rounds, so it is not quite the ratio of the medians. Three are something else: throughput and"
    print "*The limit* have the ratio of the medians, and the floods the ratio of two 99th percentiles, each of"
    print "all samples. The agents have ten keys where nothing else is said. gpg-agent has its keys without a"
    print "passphrase; it reads the file of a key for each signature. All four can do all that is"
    print "measured, except that only split-ssh tells qubes apart.\n"
    print "**One processor**: client and agents share it and take turns, so that the time is the work."
    print "**All processors**: the scheduler places them. Then each message may have to wake a processor that"
    print "sleeps, which in a virtual machine can take longer than an ed25519 signature. Ours has four such"
    print "messages for a signature, an agent without a process for the keys has two. The bare round trips"
    print "under *The limit* show what of this is the machine's."
}

function hostile(   i, j, n, victim, what, who, whos, victims) {
    print "\n## One client floods, another one asks\n"
    print "The flood: 16 connections, the next request as soon as the last is answered, for ours from one"
    print "qube. The other client is another qube or the vault's own. With the other agents both are"
    print "just connections. On all processors, which the flood shares. An RSA-4096 signature that has"
    print "begun is not interrupted; who signs then waits for it.\n"
    print "Ours gives a qube 1,000 requests as fast as it asks and then 100 a second, so its rows are of what"
    print "lasts: measuring begins when the flood has had its 1,000 and 300 ms more have passed. The other agents"
    print "do not slow a client down, so there is nothing to wait for. The rows *first 1,000* are of the time"
    print "before that; those of the other floods are over in a fraction of a second.\n"
    print "*More memory* is the most resident memory of an agent's processes beside the flood, less what they had"
    print "before: they have had other requests of the same kind, and the floods above."
    print ""
    head("flood, other client | idle | flooded | p99 flooded / idle | more memory, KiB")
    n = split("other qube;vault;ssh-agent;pageant;gpg-agent", whos, ";")
    split("list bench-ed25519-256", victims, " ")
    for (i = 0; i <= 4; i++)
        for (victim = 1; victim <= 2; victim++)
            for (j = 1; j <= n; j++) {
                what = "all/hostile/" floods[i] "/" victims[victim]
                who = whos[j]
                if (!has(what, who))
                    continue
                row(substr(flood_name[floods[i]], 3) ": " (j <= 2 ? "ours, " : "") who " " \
                    (victim == 1 ? "lists" : "signs") " | " times(what, who) " | " \
                    times(what, who ", flooded") " | " \
                    show(slower(what, who), "%.2f") " | " \
                    commas(p50[what, who ", more KiB"]))
            }
}

function limit(mode,   i, n, what, items) {
    print ""
    head(mode_name[mode] " | ours | round trip | with hop | with hop and library | library | ours / (with hop + library)")
    n = split(kinds, items, " ")
    for (i = 1; i <= n; i++) {
        what = mode "/limit/" items[i]
        if (has(what, "ours"))
            row(kind[items[i]] " | " median(what, "ours") " | " median(what, "round trip") " | " \
                median(what, "round trip, hop") " | " median(what, "round trip, hop, library") " | " \
                median(what, "library") " | " show(above_bound(what), "%.3f"))
    }
}

function throughput(   i, j, n, what, items, who, text, names) {
    print "\n## Throughput\n"
    print "Signatures per second, all processors, the client among them; each connection asks again as"
    print "soon as it has its answer. Each number is the median of " fact["throughput rounds"] " rounds."
    print ""
    head("key, connections | split-ssh | ssh-agent | pageant | gpg-agent | time per signature, ours / ssh-agent")
    n = split(kinds, items, " ")
    split("ours ssh-agent pageant gpg-agent", names, " ")
    for (i = 1; i <= n; i++)
        for (j = 1; j <= crowds; j++) {
            what = "all/throughput/" items[i] "/" crowd[j]
            text = kind[items[i]] ", " crowd[j]
            for (who = 1; who <= 4; who++)
                text = text " | " (has(what, names[who]) ? commas(1e6 / p50[what, names[who]]) : "-")
            row(text " | " show(of_medians(what, "ours", "ssh-agent"), "%.3f"))
        }
}

function idle_rows(mode, what, text,   who, i, name, counts, n, list, line) {
    split("ours ssh-agent pageant gpg-agent", name, " ")
    n = fact["idle"] == 1000 ? split("100 1000", list, " ") : split(fact["idle"], list, " ")
    for (i = 1; i <= n; i++) {
        line = mode_name[mode] ", " text " beside " commas(list[i])
        for (who = 1; who <= 4; who++) {
            counts = mode "/idle-" what "/" list[i]
            line = line " | " (has(counts, name[who]) ? number(p50[counts, name[who]]) " / " \
                number(p50[counts, name[who] ", alone"]) : "-")
        }
        row(line)
    }
}

function idle(   mode, i, modes) {
    print "\n## Idle connections\n"
    print "Medians beside connections that are open and silent / beside none."
    print ""
    head(" | split-ssh | ssh-agent | pageant | gpg-agent")
    split("one all", modes, " ")
    for (i = 1; i <= 2; i++) {
        idle_rows(modes[i], "list", "list")
        idle_rows(modes[i], "sign", "sign, ed25519,")
    }
}

function relay(   i, modes, what) {
    print ""
    head(" | relay | posix_spawn | socat | ncat | relay / posix_spawn | relay / socat | relay / ncat")
    split("one all", modes, " ")
    for (i = 1; i <= 2; i++) {
        what = modes[i] "/use/relays"
        row(mode_name[modes[i]] " | " times(what, "relay") " | " times(what, "spawn") " | " \
            times(what, "socat") " | " times(what, "ncat") " | " share(what, "spawn") " | " \
            share(what, "socat") " | " share(what, "ncat"))
    }
}

function kib(what, who) {
    return !has(what, who) || p50[what, who] < 0 ? "-" : sprintf("%.2f", p50[what, who] / 1024)
}

function memory(   i, list) {
    print "\n## Memory\n"
    print "PSS of all processes of an agent, MiB, after its first list, while none of the others runs"
    print "(`-`: only root may look). gpg-agent has its keys in files."
    print ""
    head("keys | split-ssh | ssh-agent | pageant | gpg-agent")
    split("0 " fact["keys"], list, " ")
    for (i = 1; i <= 2; i++)
        row(commas(list[i]) " | " kib("memory/" list[i], "ours") " | " \
            kib("memory/" list[i], "ssh-agent") " | " kib("memory/" list[i], "pageant") " | " \
            kib("memory/" list[i], "gpg-agent"))
}

function per_mode(title, text, prefix, list, first,   i, modes) {
    print "\n## " title (text == "" ? "" : "\n\n" text)
    split("one all", modes, " ")
    for (i = 1; i <= 2; i++)
        agents(mode_name[modes[i]] first, modes[i] "/" prefix "/", list)
}

function results() {
    introduction()
    figures()
    per_mode("Sign", "On an open connection, a login as ssh asks for it.", "sign", kinds, "")
    per_mode("Sign with ed25519, by the number of keys", "", "sign-beside", key_counts, ", keys")
    per_mode("List, by the number of keys", "On an open connection.", "list", key_counts, ", keys")
    throughput()
    idle()
    per_mode("One use by ssh", "Connect, list, sign with ed25519, close.", "use", "agents", "")
    per_mode("From start to first answer", "To the list of no keys. Ours with " fact["files"] \
        " key files, half of them with a passphrase: " median("one/start/" fact["files"], "ours") \
        " on one processor, " median("all/start/" fact["files"], "ours") " on all.", "start", "0", ", keys")
    memory()
    print "\n## Relay\n"
    print "One use, as above, through each of them, with the same stand-in for `qrexec-client-vm` behind"
    print "it: split-ssh-relay, a loop around posix_spawn(3) and nothing else, socat and ncat."
    relay()
    hostile()
    print "\n## The limit\n"
    print "A signature of ours, medians, beside the same bytes through sockets alone: to one process and back"
    print "(round trip), from there to a second one and back (hop), the second one signing with libsodium or"
    print "libcrypto and nothing else (library), and the library's call without any socket."
    limit("one")
    limit("all")
    print "\n## Keys in secret memory\n"
    print "The agent with its keystore beside the same build with malloc(3) and an ordinary stack in the"
    print "keystore; one processor."
    print ""
    head(" | secret memory | malloc | ratio")
    row("ed25519 | " times("one/arena/ed25519-256", "arena") " | " \
        times("one/arena/ed25519-256", "malloc") " | " share("one/arena/ed25519-256", "malloc"))
    row("RSA-3072 | " times("one/arena/rsa-3072", "arena") " | " times("one/arena/rsa-3072", "malloc") \
        " | " share("one/arena/rsa-3072", "malloc"))
}

# Blocks as gnuplot wants them: two empty lines between.
function plot(   i, n, items, what, name) {
    n = split(kinds, items, " ")
    for (i = 1; i <= n; i++) {
        what = "one/sign/" items[i]
        print "\"" kind[items[i]] "\"", p50[what, "ours"], p50[what, "ssh-agent"], \
            p50[what, "pageant"], p50[what, "gpg-agent"]
    }
    print "\n"
    n = split(key_counts, items, " ")
    for (i = 1; i <= n; i++) {
        what = "one/list/" items[i]
        print items[i], p50[what, "ours"], p50[what, "ssh-agent"], p50[what, "pageant"], \
            p50[what, "gpg-agent"]
    }
    print "\n"
    split("other qube;ssh-agent;pageant;gpg-agent", name, ";")
    for (i = 1; i <= 4; i++) {
        what = "all/hostile/bench-ed25519-256/bench-ed25519-256"
        print "\"" (i == 1 ? "split-ssh" : name[i]) "\"", show(tail(what, name[i]), "%s"), \
            show(tail(what, name[i] ", flooded"), "%s")
    }
}

function readme(   what) {
    what = "all/hostile/bench-ed25519-256/bench-ed25519-256"
    print "![Time of a signature, time of a list, and another client's wait beside a flood, of split-ssh, ssh-agent, pageant and gpg-agent](tests/bench/results.svg)\n"
    head("µs | split-ssh | ssh-agent | pageant | gpg-agent")
    row("sign, ed25519 | " medians("one/sign/ed25519-256"))
    row("list " commas(fact["keys"]) " keys | " medians("one/list/" fact["keys"]))
    row("sign, ed25519, 99th percentile | " tail_text(what, "other qube") " | " \
        tail_text(what, "ssh-agent") " | " tail_text(what, "pageant") " | " tail_text(what, "gpg-agent"))
    row("the same beside another client that signs on 16 connections | " \
        tail_text(what, "other qube, flooded") " | " tail_text(what, "ssh-agent, flooded") " | " \
        tail_text(what, "pageant, flooded") " | " tail_text(what, "gpg-agent, flooded"))
    print "\nThe first two are medians on one processor, the others are on all, beside OpenSSH"
    print fact["OpenSSH"] ". What it costs: from start to first answer split-ssh needs " show(start_ms("one", "ours"), "%.1f") " ms and ssh-agent " \
        show(start_ms("one", "ssh-agent"), "%.1f") ";"
    print "without keys its processes have " kib("memory/0", "ours") \
        " MiB, ssh-agent " kib("memory/0", "ssh-agent") "."
    print "[RESULTS.md](tests/bench/RESULTS.md) has the machine, the versions and all other figures."
}

END {
    setup()
    if (part == "plot")
        plot()
    else if (part == "readme")
        readme()
    else
        results()
}
