import Core
import Wire

/// How far an attempt's answer came, and what its provider counted: what it is charged for, however it ends.
struct Tally: Sendable {
    /// As the provider counted so far.
    var usage: Usage?
    /// No content came behind the provider's count.
    var isCountCurrent = false
    /// What the model made, also what the caller has no use for.
    var size = ContentSize()
    /// Something of it was meant for the caller.
    var isDelivered = false

    /// What the attempt costs.
    ///
    /// - Parameters:
    ///   - fault: how it failed; nil for one that came to its end.
    ///   - promptTokens: estimated, where the provider told nothing.
    func charge(after fault: Fault?, promptTokens: Int, at price: Price?) -> Charge {
        if let usage, fault == nil || isCountCurrent { return Charge(reported: usage, at: price) }
        let (thought, written) = (Self.tokens(size.thought), Self.tokens(size.written))
        guard fault?.mayCost ?? true || thought + written > 0 else { return .nothing }
        let begun = usage ?? Usage(promptTokens: promptTokens, completionTokens: 0)
        return Charge(estimated: begun.reaching(completion: thought + written, reasoning: thought), at: price)
    }

    /// Four bytes are about a token.
    private static func tokens(_ bytes: Int) -> Int { (bytes + 3) / 4 }
}
