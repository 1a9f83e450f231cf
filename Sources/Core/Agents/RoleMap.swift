/// Which agent of `agents/` plays which role of the trained model.
///
/// 1. A profile whose keywords and examples are mostly those of a role (it was renamed, or changed a little) plays that role.
/// 2. A profile that has a role's id plays it, unless the model reads its keywords and examples as something else
///    (somebody wrote another agent under the old name).
/// 3. Any other profile plays none: it is routed to by its keywords and examples alone. A role that nobody plays is left out.
struct RoleMap: Sendable, Equatable {
    /// By agent, its role's lane; nil for none.
    private(set) var roles: [Int?]

    init(agents: [Agent], model: AgentModel?) {
        roles = .init(repeating: nil, count: agents.count)
        guard let model else { return }
        let profiles = agents.map(TrainedProfile.init)
        for (role, id) in model.roles.enumerated() {
            let likeness = profiles.map { Self.likeness(of: $0, to: model.profiles[role]) }
            let byID = agents.firstIndex { $0.id == id }
            // Of copies, the one that kept the id.
            if let byID, likeness[byID] >= 0.5 {
                roles[byID] = role
            } else if let best = likeness.indices.max(by: { likeness[$0] < likeness[$1] }), likeness[best] >= 0.5, roles[best] == nil {
                roles[best] = role
            } else if let byID, roles[byID] == nil, Self.reads(profiles[byID], as: role, by: model) {
                roles[byID] = role
            }
        }
    }

    /// The share of the role's keywords and examples that the profile still has.
    private static func likeness(of profile: TrainedProfile, to trained: TrainedProfile) -> Double {
        let texts = Set(trained.keywords + trained.examples)
        guard !texts.isEmpty else { return 0 }
        return Double(texts.intersection(profile.keywords + profile.examples).count) / Double(texts.count)
    }

    /// Whether the model takes the profile's texts for this role at least as often as for any other.
    private static func reads(_ profile: TrainedProfile, as role: Int, by model: AgentModel) -> Bool {
        var sums = SIMD8<Float>()
        for text in profile.keywords + profile.examples {
            let reading = model.read(text)
            if reading.knownShare > 0 { sums += LabelShares.softmax(reading.scores, count: model.roles.count) }
        }
        return sums[role] > 0 && model.roles.indices.allSatisfy { sums[$0] <= sums[role] }
    }
}
