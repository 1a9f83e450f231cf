import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What standard output, or standard error, is at this moment.
struct Screen: Equatable {
    /// Whether a person looks at it, so that lines may be drawn anew.
    var isLive: Bool
    /// In cells.
    var width: Int
    var height: Int
    var style: Style

    /// Asks the terminal, whose size may have changed since.
    static func now(of file: Int32 = STDOUT_FILENO, environment: [String: String] = ProcessInfo.processInfo.environment) -> Screen {
        let isLive = isatty(file) == 1 && environment["TERM"] != "dumb"
        var size = winsize()
        let isKnown = isLive && ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        return Screen(
            isLive: isLive, width: isKnown ? Int(size.ws_col) : 80, height: isKnown ? Int(size.ws_row) : 24,
            style: isLive && (environment["NO_COLOR"] ?? "").isEmpty ? .colour : .plain)
    }

    /// Whether a person types what comes on standard input.
    static var hasKeyboard: Bool { isatty(STDIN_FILENO) == 1 }
}

/// How text is set off: by escape codes, or not at all.
enum Style: Equatable {
    case colour, plain

    func bold(_ text: String) -> String { coded("1", text) }
    func dim(_ text: String) -> String { coded("2", text) }
    func red(_ text: String) -> String { coded("31", text) }

    private func coded(_ code: String, _ text: String) -> String {
        self == .plain || text.isEmpty ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
