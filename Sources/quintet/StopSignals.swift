import Edge
import Logging
import UnixSignals

/// Stops the gateway at the first signal, and without waiting at the second.
struct StopSignals {
    let edge: EdgeServer
    let drainTimeout: Duration
    let logger: Logger
    /// Begins the graceful shutdown.
    let stop: @Sendable () async -> Void

    /// Follows the signals until its task is cancelled.
    func follow() async {
        var isStopping = false
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            if isStopping {
                edge.hasten()
            } else {
                isStopping = true
                logger.notice("\(notice(running: edge.running))")
                await stop()
            }
        }
    }

    private func notice(running: Int) -> String {
        guard running > 0 else { return "stopping" }
        let seconds = drainTimeout / .seconds(1)
        return "stopping; \(running) \(running == 1 ? "answer has" : "answers have") \(seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)") s (Ctrl-C again ends at once)"
    }
}
