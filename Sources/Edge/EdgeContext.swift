import Hummingbird

/// What travels with a request through the routes.
struct EdgeContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// In the answer's `x-request-id`, the logs and the outcome.
    var requestID = RequestIdentifier.next()

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}

/// Names for requests.
enum RequestIdentifier {
    /// A new one: `req_` and 96 random bits.
    static func next() -> String {
        var generator = SystemRandomNumberGenerator()
        return "req_" + hex(generator.next(), 16) + hex(generator.next() & 0xFFFF_FFFF, 8)
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.count) + digits
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
