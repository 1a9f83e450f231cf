/// Why a command has no reply, or a useless one.
package enum RedisError: Error, Sendable, Equatable {
    /// There is no connection, or it ended before the reply, and why.
    case away(String)
    case timeout
    /// As many commands are under way as may be.
    case busy
    /// Writes rest after one was refused, and why.
    case writesRest(String)
    case refused(RedisRefusal)
    /// Redis sent something else than the command's reply.
    case unexpected(String)
}
