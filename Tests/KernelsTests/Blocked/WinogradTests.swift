import Kernels
import Testing

@Suite struct WinogradTests {
  static let cases = [
    ConvolutionCase(channels: 1, filters: 1, height: 1, width: 1),
    ConvolutionCase(channels: 3, filters: 5, height: 4, width: 4, activation: ISOTACH_RELU, hasBias: false),
    ConvolutionCase(
      images: 2, channels: 17, filters: 33, height: 7, width: 9, halo: (1, 1), activation: ISOTACH_LEAKY,
      hasResidual: true, isPooled: true),
    ConvolutionCase(
      channels: 16, filters: 64, height: 12, width: 13, before: (0, 2), after: (1, 0), halo: (3, 1),
      activation: ISOTACH_CLIP, isPooled: true),
    ConvolutionCase(images: 3, channels: 20, filters: 80, height: 5, width: 6, before: (0, 0), after: (0, 0)),
    ConvolutionCase(channels: 40, filters: 112, height: 11, width: 3, isTurned: true, halo: (2, 2)),
    ConvolutionCase(images: 2, channels: 64, filters: 130, height: 8, width: 8, hasResidual: true),
    ConvolutionCase(
      channels: 32, filters: 96, height: 25, width: 19, activation: ISOTACH_RELU, isPooled: true),
  ]

  static let fives = [
    ConvolutionCase(
      channels: 1, filters: 3, height: 2, width: 1, kernel: (5, 5), before: (2, 2), after: (2, 2)),
    ConvolutionCase(
      images: 2, channels: 33, filters: 20, height: 9, width: 14, kernel: (5, 5), before: (2, 1),
      after: (0, 3),
      halo: (1, 0), activation: ISOTACH_RELU, hasResidual: true, isPooled: true),
    ConvolutionCase(
      channels: 48, filters: 80, height: 21, width: 11, kernel: (5, 5), before: (2, 2), after: (2, 2),
      isTurned: true, activation: ISOTACH_LEAKY, hasBias: false),
  ]

  func run(_ one: ConvolutionCase, _ tile: Int32, _ mode: Int) -> [Float] {
    one.run { x, w, bias, epilogue, y in
      var (shape, plan) = (one.shape, isotach_winograd())
      guard isotach_winograd_plan(&shape, tile, Int32(min(mode, 2)), &plan) == 1 else { return }
      if mode == 3 {
        // In chunks, as many tiles would be.
        plan.chunk_tiles = (plan.tiles + 2) / 3
        plan.chunks = (plan.tiles + plan.chunk_tiles - 1) / plan.chunk_tiles
        plan.pieces = (plan.chunk_tiles + plan.piece_tiles - 1) / plan.piece_tiles
      }
      var packed = [Float](repeating: .nan, count: Int(isotach_winograd_packed(&plan)))
      isotach_winograd_pack(&plan, w, bias, 0, isotach_winograd_pack_ranges(&plan), &packed)
      var shared = [Float](repeating: .nan, count: Int(isotach_winograd_shared(&plan)))
      for phase in 0..<isotach_winograd_phases(&plan) {
        for piece in (0..<isotach_winograd_pieces(&plan, phase)).reversed() {
          // What another worker left is no help.
          var scratch = [Float](repeating: .nan, count: Int(isotach_winograd_scratch(&plan)))
          isotach_winograd_run(&plan, phase, piece, &x, packed, &epilogue, &y, &shared, &scratch)
        }
      }
    }
  }

  @Test(arguments: cases + fives) func equalsReference(one: ConvolutionCase) {
    let expected = one.reference()
    for level in cpuLevels {
      let bounds: [(Int32, Float)] = one.kernel == (5, 5) ? [(4, 2e-5)] : [(2, 2e-6), (4, 5e-6), (6, 2e-5)]
      for (tile, bound) in bounds {
        let (fused, split) = atLevel(level) { (run(one, tile, 1), run(one, tile, 2)) }
        let chunked = atLevel(level) { run(one, tile, 3) }
        #expect(relativeError(fused, expected) < bound, "level \(level) tile \(tile)")
        #expect(fused == split && fused == chunked, "level \(level) tile \(tile)")
      }
    }
  }

  @Test func othersAreRefused() {
    for change: (inout isotach_convolution) -> Void in [
      { ($0.kernel_y, $0.kernel_x) = (7, 7) }, { $0.stride_x = 2 }, { $0.dilation_y = 2 },
      { $0.kernel_x = 5 }, { $0.groups = 2 }, { $0.images = 0 },
    ] {
      var (shape, plan) = (Self.cases[4].shape, isotach_winograd())
      #expect(isotach_winograd_plan(&shape, 4, 0, &plan) == 1)
      change(&shape)
      #expect(isotach_winograd_plan(&shape, 4, 0, &plan) == 0)
    }
  }

  @Test func paysByShape() {
    func pays(_ channels: Int, _ filters: Int, _ size: Int, images: Int = 1) -> Bool {
      var shape = ConvolutionCase(
        images: images, channels: channels, filters: filters, height: size, width: size
      ).shape
      return isotach_winograd_pays(&shape, 4) == 1
    }
    // Many pixels; few pixels, but many images; few pixels, where the weights are the work; few channels.
    #expect(pays(64, 64, 256) && pays(16, 16, 64) && pays(1024, 1024, 16) && pays(512, 512, 7, images: 8))
    #expect(!pays(512, 512, 7) && !pays(1, 64, 256) && !pays(3, 16, 64))
    var strided = ConvolutionCase(channels: 64, filters: 64, height: 64, width: 64, stride: (2, 2)).shape
    #expect(isotach_winograd_pays(&strided, 4) == 0)
  }

  /// Channels of two values that were placed side by side: 5 in the first block, 18 in the next two.
  @Test func lanesMayHaveGaps() {
    var one = ConvolutionCase(channels: 23, filters: 7, height: 6, width: 7)
    one.activation = ISOTACH_RELU
    let lanes = (0..<48).map { lane in lane < 16 ? (lane < 5 ? lane : -1) : lane < 34 ? lane - 11 : -1 }
    let plane = one.height * one.width
    let x = one.x
    var spread = [Float](repeating: 0, count: 48 * plane)
    for (lane, channel) in lanes.enumerated() where channel >= 0 {
      for i in 0..<plane { spread[lane * plane + i] = x[channel * plane + i] }
    }
    let input = BlockedValue(spread, channels: 48, images: 1, height: one.height, width: one.width)
    let output = BlockedValue(channels: 7, images: 1, height: one.height, width: one.width)
    let numbers = lanes.map { Int32($0) }
    numbers.withUnsafeBufferPointer { numbers in
      var (shape, plan, epilogue) = (one.shape, isotach_winograd(), one.epilogue)
      (shape.channel_of_lane, shape.in_blocks) = (numbers.baseAddress, 3)
      #expect(isotach_winograd_plan(&shape, 4, 1, &plan) == 1)
      var packed = [Float](repeating: .nan, count: Int(isotach_winograd_packed(&plan)))
      isotach_winograd_pack(&plan, one.w, one.bias, 0, isotach_winograd_pack_ranges(&plan), &packed)
      var scratch = [Float](repeating: .nan, count: Int(isotach_winograd_scratch(&plan)))
      for piece in 0..<isotach_winograd_pieces(&plan, 0) {
        isotach_winograd_run(
          &plan, 0, piece, &input.layout, packed, &epilogue, &output.layout, nil, &scratch)
      }
    }
    #expect(relativeError(output.plain, one.reference()) < 5e-6)
  }
}
