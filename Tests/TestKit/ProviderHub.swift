import NIOConcurrencyHelpers
import NIOCore

/// What a provider and its connections share: the record, the handlers, the open channels.
final class ProviderHub: Sendable {
    private struct Live: Sendable {
        var handler: ScriptedProvider.Handler
        var onAccept: ScriptedProvider.AcceptHandler
        var isStopped = false
        var channels: [Int: any Channel] = [:]
    }

    let record = Watched(ProviderRecord())
    private let live: NIOLockedValueBox<Live>

    init(onAccept: @escaping ScriptedProvider.AcceptHandler, handler: @escaping ScriptedProvider.Handler) {
        self.live = NIOLockedValueBox(Live(handler: handler, onAccept: onAccept))
    }

    func use(handler: @escaping ScriptedProvider.Handler) {
        self.live.withLockedValue { $0.handler = handler }
    }

    func use(onAccept: @escaping ScriptedProvider.AcceptHandler) {
        self.live.withLockedValue { $0.onAccept = onAccept }
    }

    /// Numbers a new connection; returns its first steps, or nil when the provider has stopped.
    func accept(_ channel: any Channel) -> (number: Int, steps: [Step]?) {
        let number = self.record.update { $0.accept() }
        let onAccept = self.live.withLockedValue { live -> ScriptedProvider.AcceptHandler? in
            guard !live.isStopped else { return nil }
            live.channels[number] = channel
            return live.onAccept
        }
        return (number, onAccept?(number))
    }

    /// The script for a request that is complete.
    func script(for request: RecordedRequest) -> Script {
        self.live.withLockedValue { $0.handler }(request, request.index)
    }

    /// The channel of that connection is closed.
    func closed(_ connection: Int) {
        self.live.withLockedValue { _ = $0.channels.removeValue(forKey: connection) }
        self.record.update { $0.close(connection) }
    }

    /// Accepts nothing any more; returns the channels that are still to be closed.
    func stop() -> [any Channel] {
        self.live.withLockedValue { live in
            live.isStopped = true
            return Array(live.channels.values)
        }
    }
}
