import Foundation

/// Shows on standard error how far a long command is: a bar in a terminal, a line every tenth elsewhere.
struct ProgressBar {
    let title: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = -1

    init(title: String) { self.title = title }

    /// - Parameter share: done, 0…1.
    mutating func show(_ share: Double) {
        let step = Int(share * (isTerminal ? 100 : 10))
        guard step > shown else { return }
        shown = step
        guard isTerminal else { return Terminal.complain("\(title): \(step * 10) %") }
        let filled = step * 30 / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        let end = step == 100 ? "\n" : ""
        FileHandle.standardError.write(Data("\r\(title) \(bar) \(step) %\(end)".utf8))
    }
}
