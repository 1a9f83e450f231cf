import Core
import Testing

@Suite struct ProbeRuleTests {
    @Test(arguments: Fault.allCases) func onlyConnectionsAreProvedByAList(fault: Fault) {
        let isOfConnection = [Fault.connect, .connectTimeout, .tls].contains(fault)
        #expect(ProbeRule.proof(after: [fault], isKeyOnTrial: false) == (isOfConnection ? .reachable : .answers))
        #expect(ProbeRule.proof(after: [fault], isKeyOnTrial: true) == .answers)
    }

    @Test func oneFaultOfAnotherKindIsEnough() {
        #expect(ProbeRule.proof(after: [.connect, .tls, .connectTimeout], isKeyOnTrial: false) == .reachable)
        #expect(ProbeRule.proof(after: [.connect, .modelGone, .connect], isKeyOnTrial: false) == .answers)
        // Forced open and closed again by an admin: nothing is known.
        #expect(ProbeRule.proof(after: [], isKeyOnTrial: false) == .answers)
    }
}
