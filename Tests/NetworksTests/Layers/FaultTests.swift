import Basics
import Compute
import Networks
import Tensors
import Testing

/// Networks that cannot be are refused with the layer's path, what does not fit, and the shapes.
@Suite struct FaultTests {
  private func fault(
    _ input: [Int], _ mode: NetworkBuilder.Mode = .inference, @LayerBuilder _ layers: () -> [any Layer]
  ) -> String {
    do {
      let network = try NetworkSpec(layers).network(input: try Shape(input), mode)
      return "accepted, output \(network.outputShape)"
    } catch {
      return "\(error)"
    }
  }

  @Test func shapes() {
    let ragged = fault([1, 1, 7, 7]) { Conv(2, kernel: 3, stride: 3, padding: .valid) }
    #expect(ragged.contains("0: Conv:") && ragged.contains("7") && ragged.contains("stride 3"))
    #expect(
      fault([1, 1, 7, 7]) { Conv(2, kernel: 3, stride: 3, padding: .valid, fit: .floor) }.hasPrefix(
        "accepted"))
    let negative = fault([1, 1, 4, 4]) {
      ReLU()
      Conv(2, kernel: 5, padding: .valid)
    }
    #expect(negative.hasPrefix("1: Conv:") && negative.contains("[1 x 1 x 4 x 4]"))
    let groups = fault([1, 3, 4, 4]) { Conv(4, kernel: 3, groups: 2) }
    #expect(groups.contains("3 input channels and 4 filters") && groups.contains("2 groups"))
    let added = fault([1, 3, 4, 4]) { Residual { Conv(4) } }
    #expect(
      added.contains("[1 x 3 x 4 x 4]") && added.contains("[1 x 4 x 4 x 4]") && added.contains("projection"))
    let flat = fault([1, 3, 4, 4]) { Dense(2) }
    #expect(flat.contains("flatten"))
    #expect(fault([1, 3]) { Conv(2) }.contains("spatial"))
    #expect(fault([1, 3, 4, 4]) { Conv(2, kernel: [3, 3, 3]) }.contains("2 spatial dimensions"))
    #expect(fault([1, 3, 4, 4]) { Crop(2) }.contains("cannot be taken"))
    #expect(fault([1, 3, 4, 4]) { PixelShuffle(2) }.contains("multiple"))
    #expect(fault([1, 3, 4, 4]) { GroupNorm(2) }.contains("groups"))
  }

  @Test func sizesThatAreNotDivisible() {
    let skip = fault([1, 3, 20, 24]) {
      Conv(2)
      Skip {
        MaxPool(2)
        Skip {
          MaxPool(2)
          Skip {
            MaxPool(2)
            ConvTranspose(2)
          }
          ConvTranspose(2)
        }
        ConvTranspose(2)
      }
    }
    // 20 -> 10 -> 5 -> 2 -> 4: only the innermost skip sees it, but the network's input is what must change.
    #expect(skip.contains("1.1.1") && skip.contains("divisible by 8") && skip.contains("[1 x 3 x 20 x 24]"))
    let unet = fault([1, 3, 20, 24]) { UNet(base: 2, depth: 3) }
    #expect(unet.contains("divisible by 8") && unet.contains("20") && unet.contains("16 or 24"))
    #expect(fault([1, 1, 570, 572]) { UNet(base: 1, valid: true) }.contains("divisible by 2"))
  }

  @Test func fits() throws {
    for (fit, extent) in [(Skip.Fit.crop, 6), (.pad, 8)] {
      let spec = NetworkSpec { Skip(fit: fit) { Conv(2, padding: .valid) } }
      let network = try spec.network(input: try Shape([1, 1, 8, 8]), .inference)
      #expect(network.outputShape.extents == [1, 3, extent, extent])
    }
  }

  @Test func declarations() {
    func faults(_ value: ConfigValue) -> [String] {
      do {
        _ = try NetworkSpec(value)
        return []
      } catch { return error.list.map { "\($0) (\($0.remedy ?? ""))" } }
    }
    let several = faults(
      .list([
        .mapping([("konv", .integer(3))]), .mapping([("conv", .mapping([("filtres", .integer(3))]))]),
        .mapping([("conv", .mapping([("filters", .integer(0))]))]),
        .mapping([("skip", .mapping([("layers", .list([.text("rellu")]))]))]),
        .mapping([("max-pool", .mapping([("kernel", .text("two"))]))]),
        .mapping([("conv", .mapping([("filters", .integer(3)), ("initialiser", .text("hee"))]))]),
        .mapping([("dropout", .number(1.5))]),
      ]))
    #expect(several.count >= 8)
    #expect(several.contains { $0.contains("konv") && $0.contains("did you mean `conv`") })
    #expect(several.contains { $0.contains("filtres") && $0.contains("did you mean `filters`") })
    #expect(several.contains { $0.contains("rellu") && $0.contains("did you mean `relu`") })
    #expect(several.contains { $0.contains("hee") && $0.contains("did you mean `he`") })
    #expect(several.contains { $0.contains("`filters` must be 1 or more") })
    #expect(
      faults(.mapping([("unet", .mapping([("depth", .integer(99))]))])).first?.contains("1 to 12") == true)
  }

  @Test func sizeArithmeticOfTheTexts() throws {
    func size(_ input: Int, _ layer: any Layer) throws -> Int {
      try NetworkSpec(layer).network(input: try Shape([1, 1, input, input]), .inference).outputShape.extents[
        3]
    }
    #expect(try size(16, Conv(1, kernel: 5, padding: .valid)) == 12)
    #expect(try size(16, Conv(1, kernel: 5, padding: 2)) == 16)
    #expect(try size(32, Conv(1, kernel: 5, padding: .valid)) == 28)
    #expect(try size(32, Pad(2)) == 36)
    #expect(try size(7, Conv(1, kernel: 3, padding: .valid)) == 5)
    #expect(try size(7, Conv(1, kernel: 3, stride: 2, padding: .valid)) == 3)
    #expect(try size(7, Conv(1, kernel: 3, padding: .full)) == 9)
    #expect(try size(7, Conv(1, kernel: 4)) == 7)
    #expect(try size(7, Conv(1, kernel: 3, stride: 2)) == 4)
    #expect(try size(5, ConvTranspose(1, kernel: 3, stride: 2)) == 10)
    #expect(try size(5, ConvTranspose(1, kernel: 1, stride: 2)) == 10)
    #expect(try size(7, GlobalAveragePool()) == 1)
  }
}
