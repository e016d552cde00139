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

  private func all(_ input: [Int], _ yaml: ConfigValue) throws -> [String] {
    let decoding = Decoding()
    let layer = try #require(decoding.layer(yaml))
    return decoding.faults.map(\.description)
      + NetworkSpec(layer).faults(input: try Shape(input)).list.map(\.description)
  }

  @Test func allFaultsOfANetworkAreNamed() throws {
    let network: ConfigValue = .list([
      .mapping([("conv", .mapping([("filters", .integer(16))]))]),
      // Channels that the groups do not divide.
      .mapping([("conv", .mapping([("filters", .integer(12)), ("groups", .integer(3))]))]),
      .mapping([
        (
          "residual",
          .mapping([("layers", .list([.mapping([("conv", .mapping([("filters", .integer(8))]))])]))])
        )
      ]),
      // A window larger than what there is.
      .mapping([
        (
          "conv",
          .mapping([("filters", .integer(4)), ("kernel", .integer(99)), ("padding", .text("valid"))])
        )
      ]),
      // A size that the levels do not divide.
      .mapping([("unet", .mapping([("depth", .integer(3)), ("base", .integer(2))]))]),
      .text("relu"),
    ])
    let faults = try all([1, 5, 20, 24], network)
    #expect(faults.count == 4, "\(faults)")
    for (fault, (path, cause, shape)) in zip(
      faults,
      [
        ("1: ", "16 input channels and 12 filters", "[1 x 16 x 20 x 24]"),
        ("2: ", "another shape than their input", "[1 x 12 x 20 x 24], [1 x 8 x 20 x 24]"),
        ("3: Conv: ", "99", "[1 x 8 x 20 x 24]"),
        ("4: ", "divisible by 8", "[1 x 4 x 20 x 24]"),
      ])
    {
      #expect(fault.hasPrefix(path) && fault.contains(cause) && fault.contains(shape), "\(fault)")
    }
  }

  @Test func whatFollowsFromAnUnknownLayerIsNoFault() throws {
    func conv(_ keys: (String, ConfigValue)...) -> ConfigValue { .mapping([("conv", .mapping(keys))]) }
    // A slip is read as what was meant; what stands for nothing known leaves the rest open, except beside it.
    let slip = try all(
      [1, 1, 8, 8],
      .list([
        .mapping([("conf", .mapping([("filters", .integer(6))]))]),
        conv(("filters", .integer(6)), ("groups", .integer(4))),
      ]))
    #expect(
      slip.count == 2 && slip[0].contains("no layer `conf`") && slip[1].contains("6 input channels"),
      "\(slip)")
    let unknown = try all(
      [1, 1, 8, 8],
      .list([
        conv(("filters", .integer(6)), ("groups", .integer(4))), .text("wibble-wobble"),
        conv(("filters", .integer(6)), ("groups", .integer(5))),
      ]))
    #expect(unknown.count == 2 && unknown[0].contains("wibble") && unknown[1].hasPrefix("0: "), "\(unknown)")
    let wrongKey = try all(
      [1, 1, 8, 8], .list([conv(("filter", .integer(6))), conv(("filters", .integer(0)))]))
    #expect(wrongKey.count >= 2 && !wrongKey.contains { $0.contains("input channels") }, "\(wrongKey)")
  }

  /// Where nothing is wrong, nothing is found, and the output is that of the network.
  @Test func rightNetworksHaveNoFaults() throws {
    for model in allModels {
      for published in model.published {
        let value: ConfigValue = .mapping([(model.declaration.name, .mapping(published.keys))])
        let spec = try NetworkSpec(value)
        let shape = try Shape([1] + published.input)
        let (faults, output) = spec.faults(input: shape)
        #expect(faults.isEmpty, "\(model.declaration.name): \(faults)")
        #expect(output == (try spec.network(input: shape, .training).outputShape))
      }
    }
  }

  @Test func declaredShapesAreThoseOfLayersThatFit() throws {
    let layers: [any Layer] = [
      Conv(4), Conv(4, stride: 2), ConvTranspose(3), MaxPool(2), AveragePool(4), LpPool(2),
      GlobalAveragePool(),
      GlobalMaxPool(), Flatten(), PixelShuffle(2), Resize(scale: 2), Resize(size: [3, 5]), DepthwiseConv(),
      SeparableConv(6), PartialConv([[0, 1], [2]], padding: .same), BatchNorm(), ReLU(),
      Block {
        Conv(4); MaxPool(2)
      }, UNet(base: 2, depth: 2),
    ]
    let input = try Shape([2, 4, 16, 8])
    for layer in layers {
      let made = try NetworkSpec(layer).network(input: input, .inference).outputShape
      #expect(layer.declaredShape(input) == made, "\(layer.configuration.json.text)")
    }
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
