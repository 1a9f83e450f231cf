import Foundation

extension Mailbox.Head {
    /// Takes one line of an answer's head; the lines that nobody reads are skipped.
    mutating func read(_ line: UnsafeRawBufferPointer) {
        guard let first = line.first else { return }
        switch first | 0x20 {
        case 0x2D, 0x2A:
            // A line end alone (CR or LF, with that bit set): the head is complete.
            isComplete = true
        case UInt8(ascii: "h") where line.starts(with: "HTTP/".utf8):
            // A new head: the one before it was an interim answer.
            self = Self(status: 0)
        case UInt8(ascii: "c"):
            if let value = value(of: "content-type", in: line) { contentType = value }
        case UInt8(ascii: "r"):
            if let value = value(of: "retry-after-ms", in: line) {
                retryAfter = Double(value).flatMap(Self.wait(milliseconds:)) ?? retryAfter
            } else if retryAfter == nil, let value = value(of: "retry-after", in: line) {
                retryAfter = Self.retryAfter(value, now: Date())
            }
        default: break
        }
    }

    private func value(of name: String, in line: UnsafeRawBufferPointer) -> String? {
        let prefix = name.utf8
        guard line.count > prefix.count, line[prefix.count] == UInt8(ascii: ":"),
            zip(line, prefix).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        let isBlank = { (byte: UInt8) in byte <= UInt8(ascii: " ") }
        let rest = line[(prefix.count + 1)...].drop(while: isBlank)
        let end = rest.lastIndex { !isBlank($0) } ?? rest.startIndex - 1
        return String(decoding: rest[...end], as: UTF8.self)
    }

    /// RFC 9110 §10.2.3: seconds (providers send fractions, too) or a date.
    static func retryAfter(_ value: String, now: Date) -> Duration? {
        if let seconds = Double(value) { return wait(milliseconds: seconds * 1000) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: value).flatMap { wait(milliseconds: $0.timeIntervalSince(now) * 1000) }
    }

    /// Nonsense (negative, endless) is no wait at all.
    private static func wait(milliseconds: Double) -> Duration? {
        guard milliseconds.isFinite, milliseconds >= 0, milliseconds < 86_400_000 else { return nil }
        return .milliseconds(Int64(milliseconds.rounded(.up)))
    }
}
