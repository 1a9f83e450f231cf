import Core
import Foundation

/// The requests of a file under two policies side by side.
struct PolicyComparison: Sendable {
    private(set) var inForce: PolicyReplay
    private(set) var instead: PolicyReplay
    private(set) var requests = 0
    /// Lines that tell of no request that was answered.
    private(set) var others = 0
    /// What the log says was paid; requests without it are not in it.
    private(set) var recorded = (cost: Money.zero, requests: 0)
    private(set) var guesses = 0
    /// The number of each line that cannot be read, and why; the first few.
    private(set) var badLines: [(number: Int, why: String)] = []
    private(set) var bad = 0
    private static let badLimit = 5

    init(inForce: Catalogue, instead: Catalogue) {
        self.inForce = PolicyReplay(inForce)
        self.instead = PolicyReplay(instead)
    }

    mutating func add(_ line: RecordedRequest.Line, number: Int) {
        switch line {
        case .other: others += 1
        case .bad(let why):
            bad += 1
            if badLines.count < Self.badLimit { badLines.append((number, why)) }
        case .request(let request):
            requests += 1
            if request.usage == nil { guesses += 1 }
            if let cost = request.cost { recorded = (recorded.cost + cost, recorded.requests + 1) }
            inForce.add(request)
            instead.add(request)
        }
    }

    /// The table and what to know of it.
    var lines: [String] {
        var table = TextTable(["model", "in force", "USD", "instead", "USD"])
        for model in Set(inForce.shares.keys).union(instead.shares.keys).sorted() {
            table.add([model] + Self.cells(inForce.shares[model]) + Self.cells(instead.shares[model]))
        }
        table.add(["total"] + Self.cells(inForce.total) + Self.cells(instead.total))
        return table.lines + notes
    }

    private static func cells(_ share: PolicyReplay.Share?) -> [String] {
        guard let share, share.requests > 0 else { return ["-", "-"] }
        let amount = String(format: "%.6f", share.cost.usd)
        return ["\(share.requests)", share.unpriced == share.requests ? "?" : share.unpriced > 0 ? "> \(amount)" : amount]
    }

    private var notes: [String] {
        var notes = ["\(requests) requests, \(others) other lines. \(difference)"]
        if recorded.requests > 0 {
            notes.append("The log says that \(recorded.requests) of them cost USD \(recorded.cost.decimalUSD).")
        }
        if guesses > 0 { notes.append("The length of \(guesses) answers is a guess: their lines have no usage.") }
        let unpriced = inForce.total.unpriced + instead.total.unpriced
        if unpriced > 0 { notes.append("Some models have no price in the catalogue; their requests are not in the sums.") }
        for (name, unserved) in [("in force", inForce.unserved), ("instead", instead.unserved)] where unserved > 0 {
            notes.append("No model could serve \(unserved) of them with the policy \(name).")
        }
        return notes
    }

    private var difference: String {
        let (now, then) = (inForce.total.cost.usd, instead.total.cost.usd)
        guard now > 0 else { return "What is in force costs nothing." }
        let percent = Int(((then - now) / now * 100).rounded())
        return percent == 0 ? "Both cost the same." : "Instead they cost \(abs(percent)) % \(percent < 0 ? "less" : "more")."
    }
}
