import Core
package import Gateway
package import Logging
import ServiceLifecycle
import Synchronization

/// Takes outcomes off the request path and writes one log line each, by a service that drains a bounded queue.
///
/// Neither prompts nor answers nor keys are in a line; a request's id leads from it to the caller's own logs.
package final class RequestLog: OutcomeSink, Service {
    private let logger: Logger
    private let queue = Mutex(Queue())
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    private struct Queue {
        var outcomes: [Outcome] = []
        /// Outcomes that found the queue full, since the last drain.
        var lost = 0
    }

    /// Most outcomes that wait: what a stuck log may cost in memory.
    private static let limit = 8192

    package init(logger: Logger) {
        self.logger = logger
        // A signal, not a pipe: one pending wake-up stands for any number of outcomes.
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func record(_ outcome: Outcome) {
        let isFirst = queue.withLock { queue in
            guard queue.outcomes.count < Self.limit else {
                queue.lost += 1
                return false
            }
            queue.outcomes.append(outcome)
            return queue.outcomes.count == 1
        }
        if isFirst { wake.yield() }
    }

    /// Writes lines until graceful shutdown, and then those that are left.
    package func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in wakeUps { drain() }
        } onGracefulShutdown: {
            self.wake.finish()
        }
        drain()
    }

    private func drain() {
        let (outcomes, lost) = queue.withLock { queue in
            defer { queue = Queue() }
            return (queue.outcomes, queue.lost)
        }
        for outcome in outcomes { write(outcome) }
        if lost > 0 { logger.warning("request log overflow", metadata: ["lost": "\(lost)"]) }
    }

    private func write(_ outcome: Outcome) {
        guard logger.logLevel <= level(of: outcome) else { return }
        var metadata: Logger.Metadata = [
            "id": "\(outcome.requestID)",
            "attempts": .array(outcome.attempts.map { "\($0.deployment)=\($0.result)" }),
            "seconds": "\(rounded(outcome.seconds))",
        ]
        if let agent = outcome.agent { metadata["agent"] = "\(agent)" }
        if let usage = outcome.usage { metadata["tokens"] = "\(usage.promptTokens)+\(usage.completionTokens)" }
        if let cost = outcome.cost { metadata["usd"] = "\(cost.decimalUSD)" }
        if let first = outcome.firstContentSeconds { metadata["first_content_seconds"] = "\(rounded(first))" }
        logger.log(level: level(of: outcome), "\(ending(of: outcome))", metadata: metadata)
    }

    private func level(of outcome: Outcome) -> Logger.Level {
        switch outcome.ending {
        case .complete: outcome.attempts.count > 1 ? .notice : .info
        case .callerGone: .info
        case .failed: .warning
        }
    }

    private func ending(of outcome: Outcome) -> String {
        switch outcome.ending {
        case .complete: outcome.attempts.count > 1 ? "answered after failures" : "answered"
        case .callerGone: "caller left"
        case .failed(let code): "failed: \(code.rawValue)"
        }
    }

    private func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}
