import Core
import Crypto
import Foundation
import Gateway
import NIOHTTP1

/// The breaker page: whole and readable as it comes; its script only keeps it up to date and carries the actions.
struct BreakerPage {
    let board: BreakerBoard
    let filter: BreakerFilter
    let canAct: Bool

    /// What a browser may do with it: nothing but its own style and script, and talking to this server.
    static let headers: HTTPHeaders = {
        func source(_ text: String) -> String {
            "'sha256-" + Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString() + "'"
        }
        let policy = [
            "default-src 'none'", "style-src \(source(BreakerPageStyle.css))", "script-src \(source(BreakerPageScript.js))",
            "connect-src 'self'", "img-src data:", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
        ]
        return [
            HeaderName.contentType: "text/html; charset=utf-8", HeaderName.cacheControl: "no-store",
            "content-security-policy": policy.joined(separator: "; "), "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
        ]
    }()

    var document: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Circuit breakers · Quintet</title>
        <link rel="icon" href="data:,">
        <noscript><meta http-equiv="refresh" content="10"></noscript>
        <style>\(HTML(markup: BreakerPageStyle.css))</style>
        </head>
        <body>
        <header class="top">
        <h1>Circuit breakers</h1>
        <p id="link" data-link="still">As of \(board.clock(.zero))<noscript>, read anew every 10 seconds</noscript></p>
        </header>
        \(live)
        <p id="news" role="status" aria-live="polite"></p>
        \(canAct ? dialog : .none)
        <script>\(HTML(markup: BreakerPageScript.js))</script>
        </body>
        </html>

        """
    }

    /// The part that changes; the feed sends it anew.
    var live: HTML {
        """
        <main id="live" data-time="\(board.time.formatted(.iso8601))">
        \(overview)
        \(filterForm)
        \(cards)
        \(connections)
        \(off)
        \(footnote)
        </main>
        """
    }

    // MARK: Above the cards

    private var overview: HTML {
        """
        <section aria-label="Overview">
        <ul class="tiles">
        \(tile(.closed, "calls pass"))\(tile(.halfOpen, "single calls test it"))\(tile(.open, "calls are refused"))
        </ul>
        \(resting)
        </section>
        """
    }

    private func tile(_ phase: Breaker.Phase, _ meaning: String) -> HTML {
        let count = board.count(phase)
        return """
            <li data-state="\(phase.rawValue)"\(count == 0 ? " class=\"none\"" : .none)><b>\(count)</b> <span>\(phase.words)</span> \
            <small>\(meaning)</small></li>
            """
    }

    private var resting: HTML {
        let resting = board.resting
        guard !resting.isEmpty else {
            return board.entries.isEmpty
                ? "<p class=\"rest\">No deployment can be called: every provider is off.</p>"
                : "<p class=\"rest\">Nothing is resting.</p>"
        }
        let items = resting.map { entry -> HTML in
            let until: HTML =
                switch entry.report.nextProbeIn {
                case nil: "until an admin closes it"
                case .some(let wait) where wait > .zero:
                    "until \(board.clock(.zero - wait)), \(Span.running(wait)) from now"
                case .some: "until the next call, which is a probe"
                }
            return "<li><b>\(entry.deployment.id)</b> rests \(until)</li>"
        }
        return "<ul class=\"rest\">\(items)</ul>"
    }

    private var filterForm: HTML {
        func option(_ phase: Breaker.Phase?, _ name: String) -> HTML {
            "<option value=\"\(phase?.rawValue ?? "")\"\(filter.phase == phase ? " selected" : .none)>\(name)</option>"
        }
        return """
            <form id="filter" method="get" role="search">
            <label>Filter <input type="search" name="q" value="\(filter.text)" maxlength="200" placeholder="deployment, model or provider"></label>
            <label>State <select name="state">\(option(nil, "all"))\(option(.open, "open"))\(option(.halfOpen, "half-open"))\
            \(option(.closed, "closed"))</select></label>
            <button>Show</button>
            </form>
            """
    }

    // MARK: The cards and what is below

    private var cards: HTML {
        let shown = board.shown(by: filter)
        if shown.isEmpty, !board.entries.isEmpty {
            return "<p class=\"empty\">Of \(counted(board.entries.count, "deployment")) none matches the filter.</p>"
        }
        let count: HTML = shown.count == board.entries.count ? "\(shown.count)" : "\(shown.count) of \(board.entries.count)"
        let cards = shown.map { BreakerCard(entry: $0, board: board, canAct: canAct).html }
        return "<h2>Deployments <small>\(count)</small></h2><section class=\"cards\">\(cards)</section>"
    }

    private var connections: HTML {
        let rows = board.connections.compactMap { connections -> HTML? in
            guard let pool = connections.pool else { return nil }
            return """
                <tr><th scope="row">\(connections.provider.id)\(benched(connections))</th><td>\(pool.inUse) of \(pool.limit)</td>\
                <td>\(pool.idle)</td><td>\(pool.waiting)</td></tr>
                """
        }
        guard !rows.isEmpty else { return .none }
        return """
            <h2>Connections</h2>
            <table class="wide"><thead><tr><th scope="col">Provider</th><th scope="col">Calls under way</th>\
            <th scope="col">Idle</th><th scope="col">Waiting</th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }

    /// Which of the provider's keys it has refused.
    private func benched(_ connections: BreakerBoard.Connections) -> HTML {
        let keys = connections.accesses.compactMap { access -> HTML? in
            guard let wait = access.benchedFor, let variable = access.access.keyVariable else { return nil }
            return " <small>refused the key in \(variable); it is tried again in \(Span.running(wait))</small>"
        }
        return "\(keys)"
    }

    private var off: HTML {
        guard !board.off.isEmpty else { return .none }
        let providers = Dictionary(grouping: board.off, by: \.deployment.provider).sorted { $0.key < $1.key }
        let items = providers.map { provider, places -> HTML in
            let names = places.map(\.deployment.modelName).joined(separator: ", ")
            return "<li><b>\(provider)</b> <small>\(places.first?.mend ?? "")</small><span>\(names)</span></li>"
        }
        return """
            <details id="off" class="off">\
            <summary>Off: \(counted(board.off.count, "deployment")) of \(counted(providers.count, "provider"))</summary>\
            <ul>\(items)</ul></details>
            """
    }

    private var footnote: HTML {
        let settings = board.settings
        return """
            <p class="foot">A breaker opens at \(settings.consecutiveFaults) provider faults in a row, or when \
            \(Int((settings.windowFaultShare * 100).rounded())) % of at least \(settings.windowMinimum) calls fail within \
            \(Span.words(settings.window)). It rests for \(Span.words(settings.openFor)) or as long as the provider asks, then single \
            calls probe: \(settings.successesToClose) successes close it, a failure doubles the rest, to \(Span.words(settings.openForMax)) \
            at most. \(canAct ? .none : "Actions are off: set QUINTET_ADMIN_TOKEN to have them here.")</p>
            """
    }

    private var dialog: HTML {
        """
        <noscript><p class="foot">Without scripts, act by POST /ai/circuit-breaker/{deployment}/{open,close,reset}.</p></noscript>
        <dialog id="act" aria-labelledby="act-title">
        <form method="dialog" autocomplete="off">
        <h2 id="act-title">Act</h2>
        <p id="act-meaning"></p>
        <label>Reason, for those who come after you <input id="act-reason" maxlength="\(BreakerAction.reasonLimit)" required></label>
        <label>Admin token <input id="act-token" type="password" autocomplete="off" required>\
        <small>Kept in this tab only, until you close it.</small></label>
        <p id="act-error" role="alert"></p>
        <div class="acts"><button type="button" id="act-cancel">Cancel</button><button id="act-go" class="go">Do it</button></div>
        </form>
        </dialog>
        """
    }
}
