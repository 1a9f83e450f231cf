extension ChatRequest {
    /// What the request asks for, in one form for all ways to write it: what cache keys are made of. All fields are in, unknown
    /// ones too, but for those that cannot change the answer's content, and `model`: whoever makes the key says what it is for.
    ///
    /// - Parameter body: is given the form, which is gone afterwards.
    package func withCanonicalBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        document.withCanonicalBytes(leavingOut: .ofChat, body)
    }
}

extension CanonicalOmissions {
    /// `docs/cache-key.md` says why, field by field. A field of which it is not sure stays in.
    package static let ofChat = CanonicalOmissions(
        names: [
            "model", "stream", "stream_options", "user", "safety_identifier", "metadata", "store", "cache", "prompt_cache_key",
            "prompt_cache_retention",
        ],
        within: (name: "quintet", names: ["on_cut", "deadline_seconds", "timeouts"]),
        // The API takes null for a field that was not sent.
        leavesOutNulls: true)
}
