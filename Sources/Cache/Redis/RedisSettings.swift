package import Core

/// Where the Redis of the remote tier is, and how long it may take.
package struct RedisSettings: Sendable {
    package var address: RedisAddress
    /// For a connection, and again for what is said first on it.
    package var connectTimeout = Duration.seconds(1)
    /// For a command other than a read, which has a deadline of its own.
    package var commandTimeout = Duration.seconds(1)
    /// For a deletion by tag or by pattern, which takes many commands.
    package var deletionTimeout = Duration.seconds(30)
    /// How often Redis is asked whether it is there.
    package var pingInterval = Duration.seconds(1)
    /// How many pings pass between two looks at its memory.
    package var pingsPerFigures = 10
    /// A connection on which replies are waited for and nothing comes for so long is given up.
    package var silence = Duration.seconds(2)
    /// How long writes rest after one was refused, before one tries again.
    package var writeRest = Duration.seconds(3)
    /// How long to wait before connecting again.
    package var reconnect = ReconnectMachine.Settings()
    /// Most calls under way at once, each of one or a few commands, and the bytes that they send.
    package var callLimit = 4096
    package var byteLimit = 96 << 20
    /// Longest reply.
    package var replyBytes = 8 << 20

    package init(address: RedisAddress) { self.address = address }
}
