import Foundation
import Logging
import Telemetry

/// Logs go to standard error, so that standard output holds only what a person or a script asked for.
enum GatewayLog {
    static func logger(level: Logger.Level) -> Logger {
        var logger = Logger(label: "quintet") { _ in LineLogHandler() }
        logger.logLevel = level
        return logger
    }
}

/// Writes what is logged as ``LogLine`` has it, as requests' lines are written.
struct LineLogHandler: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var write = RequestLog.standardError

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = ""
        LogLine.begin(Date.now.formatted(.iso8601), event.level.rawValue, event.message.description, to: &line)
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { LogLine.append(key, value.description, to: &line) }
        write(line + "\n")
    }
}
