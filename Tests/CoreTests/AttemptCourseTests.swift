@testable import Core
import Testing

/// Which attempt comes next.
@Suite struct AttemptCourseTests {
    /// A course over models with these windows, one deployment each.
    private static func course(_ windows: [Int?], limit: Int = 6) -> AttemptCourse {
        let sketches = windows.enumerated().map { index, window in
            ModelSketch("m\(index)").with { $0.inputWindow = window }
        }
        let attempts = catalogue(sketches).models.map {
            Plan.Attempt(model: $0, deployment: $0.deployments[0], reason: .named)
        }
        return AttemptCourse(attempts, limit: limit)
    }

    /// The models asked when every attempt is followed by that.
    private static func asked(_ course: AttemptCourse, _ next: [RetryRule.Next]) -> [String] {
        var course = course
        var asked: [String] = []
        var following = next[...]
        while let attempt = course.next {
            asked.append(attempt.model.name)
            course.begin()
            guard let next = following.popFirst() else { break }
            course.follow(next)
        }
        return asked
    }

    @Test func oneAfterTheOther() {
        #expect(Self.asked(Self.course([nil, nil, nil]), [.next, .next, .next]) == ["m0", "m1", "m2"])
        #expect(Self.asked(Self.course([nil, nil]), [.stop]) == ["m0"])
        #expect(Self.asked(Self.course([nil, nil]), [.again(after: .zero), .next, .next]) == ["m0", "m0", "m1"])
    }

    @Test func aLargerModelIsLookedForBehindTheOneThatFailed() {
        #expect(Self.asked(Self.course([8, 4, 8, 16, 32]), [.nextLarger, .next, .next]) == ["m0", "m3", "m4"])
        // One of unknown size may be larger.
        #expect(Self.asked(Self.course([8, nil]), [.nextLarger]) == ["m0", "m1"])
        #expect(Self.asked(Self.course([8, 4]), [.nextLarger]) == ["m0"])
    }

    @Test func retriesCountForTheBudgetAndThoseNotMadeDont() {
        #expect(Self.asked(Self.course([nil, nil, nil], limit: 2), [.again(after: .zero), .next, .next]) == ["m0", "m0"])
        var course = Self.course([nil, nil, nil], limit: 2)
        course.passOver()
        course.begin()
        #expect(course.hasAlternative)
        course.follow(.next)
        #expect(course.next?.model.name == "m2")
        course.begin()
        #expect(!course.hasAlternative)
    }

    @Test func onlyTheSameDeploymentOnceMoreIsARetry() {
        var course = Self.course([nil, nil])
        #expect(!course.isRetry)
        course.begin()
        course.follow(.again(after: .zero))
        #expect(course.isRetry)
        course.follow(.next)
        #expect(!course.isRetry)
    }

    /// A hedge comes out of the plan and counts for the budget.
    @Test func aHedgeIsNotAskedTwice() {
        var course = Self.course([nil, nil, nil, nil], limit: 4)
        course.begin()
        #expect(course.alternatives.map(\.model.name) == ["m1", "m2", "m3"])
        _ = course.hedge(with: 1)
        #expect(course.alternatives.map(\.model.name) == ["m1", "m3"])
        course.follow(.next)
        #expect(course.next?.model.name == "m1")
        course.begin()
        course.follow(.next)
        #expect(course.next?.model.name == "m3")
        course.begin()
        #expect(course.alternatives.isEmpty)
        course.follow(.next)
        #expect(course.next == nil)
    }

    /// The attempt that was late has not failed: it comes first should the hedge's answer break off.
    @Test func behindAHedgeThatWonComesTheOneThatWasLate() {
        var course = Self.course([8, 4, 16])
        course.begin()
        var other = course.hedge(with: 0)
        #expect(other.hasAlternative)
        #expect(Self.asked(other, []) == ["m1"])
        other.follow(.next)
        #expect(other.next?.model.name == "m0")
        #expect(!other.isRetry)
    }

    @Test func withoutBudgetThereIsNoHedge() {
        var course = Self.course([nil, nil], limit: 1)
        course.begin()
        #expect(course.alternatives.isEmpty)
    }
}
