import Core
import Foundation

/// One deployment on the breaker page.
struct BreakerCard {
    let entry: BreakerBoard.Entry
    let board: BreakerBoard
    /// Whether admins can act at all.
    let canAct: Bool

    private var report: BreakerReport { entry.report }
    private var id: String { entry.deployment.id }

    var html: HTML {
        """
        <article class="card" id="b\(entry.deployment.index)" data-state="\(report.phase.rawValue)" data-deployment="\(id)">
        <header>\(report.badge)<h3>\(id)</h3><p class="serves">serves <b>\(entry.model)</b></p></header>
        <div class="now">
        <p class="why">\(why)</p>
        \(since)
        \(next)
        <dl class="facts">\(facts)</dl>
        \(actions)
        </div>
        <div class="past">
        \(faults)
        \(history)
        </div>
        </article>
        """
    }

    // MARK: What is now

    private var isUntouched: Bool { report.transitions.isEmpty && report.totalCalls == 0 }

    private var why: String {
        guard report.transitions.isEmpty else { return report.why }
        return isUntouched ? "no calls yet" : "has never opened"
    }

    private var since: HTML {
        guard !isUntouched else { return .none }
        return """
            <p class="since">\(report.phase.words) for \(Span.running(report.heldFor)), since \(board.clock(report.heldFor))</p>
            """
    }

    private var next: HTML {
        if report.isForcedOpen { return "<p class=\"next\">Stays open until an admin closes it.</p>" }
        if let running = report.probeRunningFor {
            return "<p class=\"next\">A probe is under way, for \(Span.running(running)). \(probes)</p>"
        }
        guard let wait = report.nextProbeIn else { return .none }
        let when: HTML =
            wait > .zero ? "Next probe in \(Span.running(wait)), at \(board.clock(.zero - wait))." : "The next call is a probe."
        return "<p class=\"next\">\(when) \(report.phase == .halfOpen ? probes : .none)</p>"
    }

    private var probes: HTML { "\(report.probeSuccesses) of \(board.settings.successesToClose) successes that close it." }

    private var facts: [HTML] {
        let settings = board.settings
        return [
            fact("Faults in a row", "\(report.consecutiveFaults)", "opens at \(settings.consecutiveFaults)"),
            fact(
                "Last \(Span.words(settings.window))", report.windowCalls == 0 ? "no calls" : counted(report.windowCalls, "call"),
                report.windowCalls == 0 ? "" : "\(report.windowFaults) failed"),
            fact(
                "Success", Self.percent(report.totalCalls - report.totalFaults, of: report.totalCalls),
                report.totalCalls == 0 ? "" : "of \(counted(report.totalCalls, "call"))"),
            fact("Opened", report.openedCount == 0 ? "never" : counted(report.openedCount, "time"), ""),
            fact(
                "First token, p50", report.firstContent.map { Span.words($0.p50) } ?? "–",
                report.firstContent.map { "of \(counted($0.count, "stream"))" } ?? ""),
            fact("First token, p95", report.firstContent.map { Span.words($0.p95) } ?? "–", ""),
        ]
    }

    private func fact(_ name: String, _ value: String, _ note: String) -> HTML {
        "<div><dt>\(name)</dt><dd>\(value) <small>\(note)</small></dd></div>"
    }

    // MARK: What was

    private var faults: HTML {
        guard !report.lastFaults.isEmpty else { return .none }
        let rows = report.lastFaults.map { fault -> HTML in
            """
            <tr><td><b>\(fault.fault.words)</b><small>\(fault.callID ?? "no request id")</small></td>\
            <td>\(Span.running(fault.ago)) ago<small>after \(Span.words(fault.elapsed))</small></td></tr>
            """
        }
        return """
            <details id="f\(entry.deployment.index)"\(report.phase == .closed ? .none : " open")>\
            <summary>Last faults (\(rows.count))</summary>\
            <table><thead><tr><th scope="col">What, and for which request</th><th scope="col">When</th></tr></thead>\
            <tbody>\(rows)</tbody></table></details>
            """
    }

    private var history: HTML {
        guard !report.transitions.isEmpty else { return .none }
        let items = report.transitions.map { step -> HTML in
            """
            <li data-state="\(step.to.rawValue)"><b>\(step.from == step.to ? "stays \(step.to.words)" : "\(step.from.words) → \(step.to.words)")</b> \
            \(board.clock(step.ago)), \(Span.running(step.ago)) ago<small>\(step.why)</small></li>
            """
        }
        return """
            <details id="h\(entry.deployment.index)"><summary>History (\(items.count))</summary><ol>\(items)</ol></details>
            """
    }

    // MARK: What can be done

    private var actions: HTML {
        guard canAct else { return .none }
        let acts: [(Breaker.Act, String)] = [(.open, "Open"), (.close, "Close"), (.reset, "Reset")]
        let buttons = acts.map { act, name -> HTML in
            let label = "\(name) the breaker of \(id)"
            return """
                <button type="button" data-act="\(act.rawValue)" data-deployment="\(id)" aria-label="\(label)">\(name)…</button>
                """
        }
        return "<footer class=\"acts\">\(buttons)</footer>"
    }

    // MARK: Numbers

    /// Rounded towards the middle, so that 100 % means all of them and 0 % none.
    private static func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "–" }
        if part == whole { return "100 %" }
        if part == 0 { return "0 %" }
        let tenths = min(max((part * 1000 + whole / 2) / whole, 1), 999)
        return "\(tenths / 10).\(tenths % 10) %"
    }
}

/// `1 call`, `1 234 calls`, with narrow spaces that do not break.
func counted(_ number: Int, _ thing: String) -> String {
    var digits = String(number)
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: "\u{202F}") + " \(thing)\(number == 1 ? "" : "s")"
}

extension Breaker.Phase {
    /// As people say it.
    var words: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half-open"
        }
    }
}

extension BreakerReport {
    /// The state by word, shape and colour, so that none of them is needed alone.
    fileprivate var badge: HTML {
        let (word, shape): (String, HTML) =
            switch phase {
            case .closed: ("Closed", "<circle cx=\"8\" cy=\"8\" r=\"6\"/>")
            case .halfOpen: ("Half-open", "<path d=\"M8 2a6 6 0 0 0 0 12z\"/><circle class=\"line\" cx=\"8\" cy=\"8\" r=\"5.25\"/>")
            case .open: (isForcedOpen ? "Held open" : "Open", "<rect x=\"2.5\" y=\"2.5\" width=\"11\" height=\"11\" rx=\"2\"/>")
            }
        return """
            <span class="badge" data-state="\(phase.rawValue)"><svg viewBox="0 0 16 16" aria-hidden="true">\(shape)</svg>\(word)</span>
            """
    }
}

extension BreakerBoard {
    /// The time of day, in UTC, with the whole date for machines and for those who hover.
    func clock(_ ago: Duration) -> HTML {
        let date = moment(ago).formatted(.iso8601)
        return "<time datetime=\"\(date)\" title=\"\(date)\">\(date.dropFirst(11).dropLast()) UTC</time>"
    }
}
