import Core
@testable import Edge
import Foundation
import TestKit

/// A board of breakers that a test has driven somewhere.
struct BoardFixture {
    let time = ManualTime()
    var breakers: [(id: String, model: String, breaker: Breaker)] = []
    var off: [BreakerBoard.Off] = []
    static let noon = Date(timeIntervalSince1970: 1_763_640_000)  // 2025-11-20 12:00:00 UTC

    mutating func add(
        _ id: String = "provider/there", model: String = "model", _ drive: (inout Breaker, ManualTime) -> Void = { _, _ in }
    ) {
        var breaker = Breaker()
        drive(&breaker, time)
        breakers.append((id, model, breaker))
    }

    var board: BreakerBoard {
        BreakerBoard(
            time: Self.noon,
            entries: breakers.enumerated().map { index, item in
                .init(
                    deployment: Self.deployment(item.id, index: index), model: item.model,
                    report: item.breaker.report(now: time.now))
            }, off: off, connections: [], settings: BreakerSettings())
    }

    static func deployment(_ id: String, index: Int, isLive: Bool = true) -> Deployment {
        Deployment(index: index, id: id, provider: "provider", modelName: id, weight: 1, isLive: isLive)
    }

    func page(_ filter: BreakerFilter = .all, canAct: Bool = true) -> String {
        BreakerPage(board: board, filter: filter, canAct: canAct).document.text
    }
}

extension Breaker {
    /// Calls that fail.
    mutating func fail(_ count: Int, _ fault: Fault = .serverError, id: String = "req_1", at time: ManualTime) {
        for _ in 0..<count {
            guard case .admitted(let ticket) = admit(now: time.now) else { return }
            _ = settle(ticket, .fault(fault, retryAfter: nil), callID: id, now: time.now)
        }
    }

    /// Streams that succeed.
    mutating func succeed(_ count: Int, firstContent: Duration? = nil, at time: ManualTime) {
        for _ in 0..<count {
            guard case .admitted(let ticket) = admit(now: time.now) else { return }
            _ = settle(ticket, .success, firstContent: firstContent, now: time.now)
        }
    }
}
