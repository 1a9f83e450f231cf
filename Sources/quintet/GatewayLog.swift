import Logging

/// Logs go to standard error, so that standard output holds only what a person or a script asked for.
enum GatewayLog {
    static func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "quintet") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
