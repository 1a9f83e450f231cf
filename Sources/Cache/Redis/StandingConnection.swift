import Gateway

/// A connection that is made again whenever it is lost.
struct StandingConnection {
    private let connector: RedisConnector
    private let settings: ReconnectMachine.Settings
    private let hear: (@Sendable (RemoteSignal) -> Void)?

    init(
        _ connector: RedisConnector, _ settings: ReconnectMachine.Settings, hear: (@Sendable (RemoteSignal) -> Void)? = nil
    ) {
        self.connector = connector
        self.settings = settings
        self.hear = hear
    }

    /// Connects and reconnects until its task is cancelled.
    ///
    /// - Parameters:
    ///   - use: runs as long as a connection does, and is cancelled with it.
    ///   - lost: is told of each connection's end, and of each attempt that failed.
    func hold(
        _ use: @escaping @Sendable (RedisConnection) async -> Void, lost: (RedisLoss) -> Void
    ) async {
        var machine = ReconnectMachine(settings)
        while !Task.isCancelled {
            let loss: RedisLoss
            do {
                let connection = try await connector.connect(hear: hear)
                machine.opened(at: .now)
                loss = await withTaskGroup(of: Void.self) { group in
                    group.addTask { await use(connection) }
                    let loss = await connection.untilEnd()
                    group.cancelAll()
                    return loss
                }
            } catch { loss = error as? RedisLoss ?? .stopped }
            lost(loss)
            let wait = machine.lost(at: .now, needsMend: loss.needsMend, random: .random(in: 0...1))
            try? await Task.sleep(for: wait)
        }
    }
}
