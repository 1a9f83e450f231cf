/// Spans of time as people say them.
enum Span {
    /// `820 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: the two largest units, nothing made up.
    static func words(_ duration: Duration) -> String {
        let milliseconds = max(0, duration / .milliseconds(1))
        guard milliseconds >= 999.5 else { return "\(Int(milliseconds.rounded())) ms" }
        guard milliseconds >= 9_950 else { return "\(tenths(milliseconds / 1000)) s" }
        let seconds = Int((milliseconds / 1000).rounded())
        for (unit, name, smaller, smallerName) in [(86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")]
        where seconds >= unit {
            let rest = seconds % unit / smaller
            return "\(seconds / unit) \(name)" + (rest > 0 ? " \(rest) \(smallerName)" : "")
        }
        return "\(seconds) s"
    }

    /// Whole seconds, for spans that run while someone looks.
    static func running(_ duration: Duration) -> String {
        duration < .seconds(10) ? "\(Int(max(0, duration / .seconds(1)).rounded())) s" : words(duration)
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
