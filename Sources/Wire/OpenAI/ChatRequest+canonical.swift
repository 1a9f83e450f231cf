extension ChatRequest {
    /// What the request asks for, in one form for all ways to write it: what cache keys are made of. All fields are in, unknown
    /// ones too, but for those that cannot change the answer's content, and `model`: whoever makes the key says what it is for.
    ///
    /// - Parameters:
    ///   - omissions: those of a chat with one model, or of a team.
    ///   - body: is given the form, which is gone afterwards.
    package func withCanonicalBytes<Result>(
        leavingOut omissions: CanonicalOmissions = .ofChat, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        document.withCanonicalBytes(leavingOut: omissions, body)
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

    /// For a team: what `quintet` says of it is in the key by itself, so that the order of names does not matter.
    package static let ofTeam = CanonicalOmissions(names: ofChat.names + ["quintet"], leavesOutNulls: true)
}
