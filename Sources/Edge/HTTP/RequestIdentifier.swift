import Synchronization

/// Names for requests.
enum RequestIdentifier {
    /// Tells this process's requests from those of its replicas and of its earlier runs.
    private static let process = "req_" + hex(UInt64.random(in: 0...UInt64.max), 16)
    private static let count = Atomic<UInt64>(0)

    /// A new one: `req_`, 64 bits of the process, and the request's number in it.
    static func next() -> String {
        process + hex(count.wrappingAdd(1, ordering: .relaxed).newValue, 8)
    }

    /// In hexadecimal, at least `width` digits.
    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = max(width, (67 - value.leadingZeroBitCount) / 4)
        return String(unsafeUninitializedCapacity: digits) { buffer in
            var rest = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                let digit = UInt8(rest & 15)
                buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                rest >>= 4
            }
            return digits
        }
    }

    /// The caller's own name for a request, if it is one that can stand in a log line.
    static func accepted(_ value: String?) -> String? {
        guard let value, (1...128).contains(value.utf8.count),
            value.utf8.allSatisfy({
                ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x2D || $0 == 0x2E
                    || $0 == 0x5F
            })
        else { return nil }
        return value
    }
}
