import Basics
import Networks
import Tensors
import Testing

@Suite struct SummaryTests {
  private func summary(_ layer: any Layer, _ input: [Int]) throws -> NetworkSummary {
    let spec = NetworkSpec(layer)
    return NetworkSummary(spec.configuration, try spec.network(input: try Shape(input), .inference))
  }

  @Test func rowsAddUp() throws {
    let summary = try summary(UNet(base: 4, depth: 2, batchNorm: true), [1, 5, 64, 64])
    #expect(summary.rows.reduce(0) { $0 + $1.parameters } == summary.parameters)
    #expect(summary.rows.reduce(0) { $0 + $1.operations } == summary.operations)
    #expect(summary.rows.last?.path == "head" && summary.rows.last?.output == summary.output)
    #expect(summary.rows.contains { $0.path == "decoder.1.up" && $0.output.extents == [1, 8, 32, 32] })
    #expect(summary.statistics == 2 * 2 * (4 + 8 + 16 + 8 + 4))
    // The first convolution: 4 x 5 x 9 weights for each of 64 x 64 cells, a product and a sum each.
    #expect(summary.rows.first?.operations == Double(2 * 4 * 5 * 9 * 64 * 64))
    #expect(summary.arenaBytes ?? 0 >= 64 * 64 * 8 * 4)
  }

  @Test func textAndJSON() throws {
    let summary = try summary(FSRCNN(scale: 3), [1, 1, 11, 11])
    #expect(summary.text.contains("12,809"))
    #expect(summary.text.contains("output 3 times as fine"))
    #expect(summary.json["parameters"]?.integer == 12_809)
    #expect(summary.json["output"]?.text == "[1, 1, 33, 33]")
    let whole = try self.summary(
      Block {
        Flatten(); Dense(2)
      }, [1, 1, 4, 4])
    #expect(whole.text.contains("cannot be applied in tiles"))
  }

  @Test func sideOutputsOfDeepSupervision() throws {
    let all = try summary(UNetPlusPlus(base: 2, depth: 3, supervise: 0.5), [1, 1, 16, 16])
    #expect(all.sideOutputs.map(\.name) == ["heads.1", "heads.2"])
    #expect(all.sideOutputs.allSatisfy { $0.weight == 0.5 && $0.shape.extents == [1, 1, 16, 16] })
    // What is behind a head is not needed for it.
    let pruned = try summary(UNetPlusPlus(base: 2, depth: 3, prune: 1), [1, 1, 16, 16])
    #expect(pruned.parameters < all.parameters / 10)
    let relief = try summary(ShaUNet(widths: [4, 6, 8], secondOutput: 1), [1, 3, 16, 16])
    #expect(relief.sideOutputs.map(\.name) == ["relief"])
    let three = try summary(ShaUNet(widths: [4, 6, 8], outputs: 3, secondOutput: 1), [1, 3, 16, 16])
    #expect(three.sideOutputs.map(\.shape.extents) == [[1, 1, 16, 16]])
    let stack = try summary(DeepSD(stages: 3, supervise: 1), [1, 2, 32, 32])
    #expect(stack.parameters == 3 * 29_697)
    #expect(stack.sideOutputs.map(\.name) == ["stages.0", "stages.1"])
    #expect(stack.sideOutputs.allSatisfy { $0.shape.extents == [1, 1, 32, 32] })
  }

  @Test func everyNameIsThereOnce() {
    for kind in ModelZoo.kinds {
      #expect(!kind.all.isEmpty)
      #expect(Set(kind.all.map(\.name)).count == kind.all.count)
      #expect(kind.all.allSatisfy { !$0.summary.isEmpty })
    }
    // A layer and a network must not have one name: both are named the same way.
    #expect(
      Set(allLayers.map { $0.declaration.name }).isDisjoint(with: allModels.map { $0.declaration.name }))
    #expect(ModelZoo.text(allModels).contains("31,030,658"))
  }
}
