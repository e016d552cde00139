import Tensors
import Testing

@testable import Compute

/// Every way of computing a convolution against the plain loops in double, and the same bytes for any team.
@Suite struct ConvolutionWaysTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let input: [Int]
    let weights: [Int]
    var convolution = Convolution(pads: [1, 1, 1, 1])
    var isDirect = true
    var testDescription: String { "\(input) \(weights) \(convolution.detail())" }
  }

  static let cases = [
    Case(input: [2, 5, 16, 16], weights: [9, 5, 3, 3]),
    Case(input: [3, 8, 7, 33], weights: [4, 8, 3, 3]),
    Case(input: [2, 17, 4, 4], weights: [70, 17, 3, 3]),
    Case(input: [1, 3, 1, 1], weights: [2, 3, 3, 3]),
    Case(input: [2, 4, 9, 9], weights: [6, 2, 3, 3], convolution: .init(pads: [1, 1, 1, 1], groups: 2)),
    Case(input: [1, 2, 3, 1030], weights: [3, 2, 3, 5], convolution: .init(pads: [1, 2, 1, 2])),
    Case(input: [2, 3, 40], weights: [5, 3, 7], convolution: .init(pads: [6, 0])),
    Case(input: [2, 3, 8, 9], weights: [2, 3, 2, 4], convolution: .init(pads: [0, 3, 1, 0])),
    Case(
      input: [1, 2, 12, 14], weights: [2, 2, 3, 3],
      convolution: .init(dilations: [2, 3], pads: [2, 3, 2, 3])),
    Case(input: [1, 2, 12, 14], weights: [2, 2, 3, 3], convolution: .init()),
    Case(input: [1, 2, 4, 5], weights: [2, 2, 3, 3], convolution: .init(pads: [2, 2, 2, 2])),
    Case(
      input: [1, 2, 9, 8], weights: [3, 2, 3, 3], convolution: .init(strides: [2, 2], pads: [1, 1, 1, 1]),
      isDirect: false),
    Case(input: [2, 3, 4, 4], weights: [5, 3, 1, 1], convolution: .init(), isDirect: false),
    Case(input: [1, 2, 3, 4, 5], weights: [3, 2, 2, 2, 2], convolution: .init(), isDirect: false),
  ]

  @Test(arguments: cases) func agree(one: Case) throws {
    let (input, weights) = (try Shape(one.input), try Shape(one.weights))
    let plan = try one.convolution.plan(input: input, weights: weights)
    #expect((ConvolutionDirect(plan) != nil) == one.isDirect)
    let output = try plan.outputShape()
    let numbers = [
      Pattern.numbers(input.count, seed: 1), Pattern.numbers(weights.count, seed: 2),
      Pattern.numbers(output.count, seed: 3), Pattern.numbers(output[1], seed: 4),
    ]
    let (x, w) = (Memory(input, numbers[0]), Memory(weights, numbers[1]))
    let (y, bias) = (Memory(output, numbers[2]), Memory(try Shape([output[1]]), numbers[3]))
    let expected = [Memory(output), Memory(input), Memory(weights)]
    plan.referenceForward(x.operand, w.operand, bias: bias.operand, expected[0].operand)
    plan.referenceInputGradient(y.operand, w.operand, bias: nil, expected[1].operand)
    plan.referenceWeightGradient(x.operand, y.operand, expected[2].operand)

    var first: [[[UInt32]]]?
    for threads in [1, 3] {
      let columns = ConvolutionColumns(plan: plan)
      var results: [[[UInt32]]] = []
      func check(_ index: Int, _ bytes: Int, _ way: String, _ body: (RunContext, Operand<Float>) -> Void) {
        let found = Memory(expected[index].operand.shape)
        found.operand.fill(.nan)
        let workspace = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, bytes), alignment: 64)
        defer { workspace.deallocate() }
        // What an earlier step left there must not matter.
        workspace.initializeMemory(as: UInt8.self, repeating: 0xff)
        body(
          RunContext(step: .init(), team: ThreadTeam(threads: threads), workspace: workspace), found.operand)
        let scale = expected[index].numbers.map(abs).max() ?? 0
        expectClose(
          found.numbers, expected[index].numbers, rtol: 1e-5, atol: 4e-6 * scale, "\(way), \(threads) threads"
        )
        results.append([found.numbers.map { Float($0).bitPattern }])
      }
      check(0, columns.forwardWorkspace(threads: threads), "forward by columns") {
        columns.forward(x.operand, w.operand, bias: bias.operand, $1, $0)
      }
      check(1, columns.inputGradientWorkspace(threads: threads), "input gradient by columns") {
        columns.inputGradient(y.operand, w.operand, bias: nil, $1, $0)
      }
      check(2, columns.weightGradientWorkspace(threads: threads), "weight gradient by columns") {
        columns.weightGradient(x.operand, y.operand, $1, $0)
      }
      if let direct = ConvolutionDirect(plan) {
        check(0, direct.workspace(threads: threads), "forward, direct") {
          direct.run(x.operand, w.operand, bias: bias.operand, $1, $0)
        }
      }
      if let direct = ConvolutionDirect(plan, isTurned: true) {
        check(1, direct.workspace(threads: threads), "input gradient, direct") {
          direct.run(y.operand, w.operand, bias: nil, $1, $0)
        }
      }
      if let direct = ConvolutionDirectWeightGradient(plan) {
        check(2, direct.workspace(threads: threads), "weight gradient, direct") {
          direct.run(x.operand, y.operand, $1, $0)
        }
      }
      if let first { #expect(first == results, "1 and 3 threads differ") } else { first = results }
    }
  }

  /// Float32 numbers and their storage.
  final class Memory {
    let operand: Operand<Float>
    init(_ shape: Shape, _ numbers: [Double] = []) {
      let storage = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, shape.count))
      storage.initialize(repeating: 0)
      operand = Operand(shape, UnsafeMutableBufferPointer(rebasing: storage[..<shape.count]))
      for (index, number) in numbers.enumerated() { operand[index] = Float(number) }
    }
    deinit { operand.pointer.deallocate() }
    var numbers: [Double] { (0..<operand.count).map { Double(operand[$0]) } }
  }
}
