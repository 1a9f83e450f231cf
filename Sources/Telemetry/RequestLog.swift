import Core
import Foundation
package import Gateway
import ServiceLifecycle
import Synchronization

/// The log of requests: one line each, written off the request path by a service that drains a bounded queue.
///
/// Neither prompts nor answers nor keys are in a line; a request's id leads from it to the caller's own logs. Lines are
/// put together here rather than by the logging library, and written a batch at a time: at ten thousand requests a
/// second that is the difference between a fifth of the gateway's CPU and a fiftieth.
package final class RequestLog: OutcomeSink, Service {
    /// Which requests get a line.
    package enum Level: Sendable, Comparable {
        case nothing
        /// Those that failed.
        case failures
        /// And those that were answered only after failures.
        case troubles
        case all
    }

    private let level: Level
    private let write: @Sendable (String) -> Void
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
    /// How late a line may be, so that busy times write many at once.
    private static let pace = Duration.milliseconds(50)

    /// - Parameter write: gets whole lines, several at once; standard error by default.
    package init(level: Level, write: @escaping @Sendable (String) -> Void = RequestLog.standardError) {
        self.level = level
        self.write = write
        // A signal, not a pipe: one pending wake-up stands for any number of outcomes.
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Writes to standard error. A log that nobody reads, or a full disk, must not end the gateway.
    package static let standardError: @Sendable (String) -> Void = { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) }

    package func record(_ outcome: Outcome) {
        guard RequestLine.level(of: outcome) <= level else { return }
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
            for await _ in wakeUps {
                drain()
                // Cancelled, it only drains sooner.
                try? await Task.sleep(for: Self.pace)
            }
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
        let time = Date.now.formatted(.iso8601)
        var text = ""
        for outcome in outcomes { RequestLine.append(outcome, time: time, to: &text) }
        if lost > 0 {
            LogLine.begin(time, "warning", "the log was too slow for \(lost) requests, they have no line", to: &text)
            text += "\n"
        }
        if !text.isEmpty { write(text) }
    }
}
