import Core

/// What warming has come to so far.
struct WarmTally: Sendable {
    /// What a request brought.
    enum Outcome: Sendable, Equatable {
        case answered(Answer)
        case failed
    }

    /// A good answer, by its headers.
    struct Answer: Sendable, Equatable {
        /// nil where the gateway does not know it.
        let cost: Money?
        let wasThere: Bool
        let isStored: Bool

        /// - Parameters:
        ///   - cost: `x-quintet-cost-usd`.
        ///   - cache: `x-quintet-cache`.
        ///   - status: `Cache-Status`.
        init(cost: String?, cache: String?, status: String?) {
            wasThere = cache == "hit" || cache == "joined"
            isStored = (status ?? "").split(separator: ";").contains { $0.filter { $0 != " " } == "stored" }
            self.cost = cost.flatMap { Double($0) }.flatMap { Money(usd: $0) } ?? (wasThere ? .zero : nil)
        }
    }

    /// nil for no cap.
    let cap: Money?
    private(set) var sent = 0
    private(set) var wereThere = 0
    private(set) var stored = 0
    private(set) var failed = 0
    private(set) var ofUnknownCost = 0
    private(set) var cost = Money.zero
    /// Lines that are no requests.
    private(set) var bad = 0

    init(cap: Money?) { self.cap = cap }

    mutating func count(_ outcome: Outcome) {
        sent += 1
        guard case .answered(let answer) = outcome else { return failed += 1 }
        if answer.wasThere { wereThere += 1 }
        if answer.isStored { stored += 1 }
        if let cost = answer.cost { self.cost = self.cost + cost } else { ofUnknownCost += 1 }
    }

    mutating func countBadLine() { bad += 1 }

    /// Why no further request may be sent; nil while one may.
    var stop: String? {
        guard let cap else { return nil }
        if ofUnknownCost > 0 {
            let mend = "give the model a price in models.json, or leave the cap out."
            return "The gateway does not know what an answer cost, so --max-cost cannot be kept: \(mend)"
        }
        return cost >= cap ? "Stopped at the cap of USD \(cap.decimalUSD)." : nil
    }

    var done: Int { sent + bad }
    var hasFailures: Bool { failed + bad > 0 }

    var summary: String {
        let unknown = ofUnknownCost > 0 ? ", and \(ofUnknownCost) of unknown cost" : ""
        let skipped = bad > 0 ? ", \(bad) bad line\(bad == 1 ? "" : "s") skipped" : ""
        return "\(sent) sent: \(stored) stored, \(wereThere) already there, \(failed) failed\(skipped); USD \(cost.decimalUSD)\(unknown)"
    }

    /// One line that is drawn again and again.
    func bar(of total: Int, width: Int) -> String {
        let words = " \(done)/\(total), \(failed + bad) failed, USD \(cost.decimalUSD)"
        let room = min(40, width - words.displayWidth - 3)
        guard room >= 5 else { return String(words.dropFirst()).fitted(to: width - 1) }
        let filled = total == 0 ? room : room * done / total
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled) + "]" + words
    }
}
