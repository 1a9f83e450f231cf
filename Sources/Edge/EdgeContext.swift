import Hummingbird
import Synchronization

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
    /// Tells this process's requests from those of its replicas and of its earlier runs.
    private static let process = hex(UInt64.random(in: 0...UInt64.max), 16)
    private static let count = Atomic<UInt64>(0)

    /// A new one: `req_`, 64 bits of the process, and the request's number in it.
    static func next() -> String {
        "req_" + process + hex(count.wrappingAdd(1, ordering: .relaxed).newValue, 8)
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
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
