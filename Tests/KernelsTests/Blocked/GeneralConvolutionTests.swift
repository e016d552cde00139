import Kernels
import Testing

@Suite struct GeneralConvolutionTests {
  static let cases = [
    ConvolutionCase(
      channels: 1, filters: 1, height: 1, width: 1, kernel: (1, 1), before: (0, 0), after: (0, 0)),
    ConvolutionCase(
      images: 2, channels: 3, filters: 20, height: 9, width: 11, halo: (2, 1), activation: ISOTACH_RELU),
    ConvolutionCase(
      channels: 33, filters: 70, height: 8, width: 8, kernel: (1, 1), before: (0, 0), after: (0, 0),
      activation: ISOTACH_LEAKY, hasResidual: true),
    ConvolutionCase(
      channels: 3, filters: 64, height: 15, width: 13, kernel: (7, 7), stride: (2, 2), before: (3, 3),
      after: (3, 3),
      activation: ISOTACH_CLIP),
    ConvolutionCase(
      channels: 20, filters: 96, height: 12, width: 10, kernel: (5, 3), stride: (1, 2), dilation: (2, 1),
      before: (4, 1), after: (0, 2), halo: (1, 1), hasBias: false),
    ConvolutionCase(
      images: 2, channels: 64, filters: 32, height: 7, width: 6, groups: 2, activation: ISOTACH_RELU),
    ConvolutionCase(
      channels: 24, filters: 48, height: 7, width: 6, stride: (2, 1), groups: 6, hasResidual: true),
    ConvolutionCase(channels: 10, filters: 10, height: 5, width: 6, groups: 10),
    ConvolutionCase(
      channels: 1, filters: 9, height: 10, width: 9, kernel: (9, 9), before: (4, 4), after: (4, 4)),
    ConvolutionCase(
      channels: 130, filters: 160, height: 5, width: 4, dilation: (3, 3), before: (3, 3), after: (3, 3)),
    ConvolutionCase(
      channels: 19, filters: 40, height: 9, width: 8, kernel: (5, 5), before: (2, 2), after: (2, 2),
      isTurned: true),
    ConvolutionCase(
      channels: 16, filters: 70, height: 9, width: 8, kernel: (5, 5), before: (2, 2), after: (2, 2),
      isTurned: true,
      activation: ISOTACH_RELU, hasBias: false, hasMask: true),
    ConvolutionCase(channels: 32, filters: 64, height: 6, width: 5, groups: 2, isTurned: true, halo: (1, 1)),
    ConvolutionCase(
      channels: 18, filters: 16, height: 30, width: 17, kernel: (2, 2), stride: (2, 2), before: (0, 0),
      after: (0, 1)),
  ]

  @Test(arguments: cases) func equalsReference(one: ConvolutionCase) {
    let expected = one.reference()
    for level in cpuLevels {
      let found = atLevel(level) {
        one.run { x, w, bias, epilogue, y in
          var (shape, plan) = (one.shape, isotach_general())
          guard isotach_general_plan(&shape, &plan) == 1 else { return }
          var packed = [Float](repeating: .nan, count: Int(isotach_general_packed(&plan)))
          isotach_general_pack(&plan, w, bias, 0, isotach_general_pack_ranges(&plan), &packed)
          for piece in (0..<isotach_general_pieces(&plan)).reversed() {
            var scratch = [Float](repeating: .nan, count: Int(isotach_general_scratch(&plan)))
            isotach_general_run(&plan, piece, &x, packed, &epilogue, &y, &scratch)
          }
        }
      }
      #expect(relativeError(found, expected) < 2e-6, "level \(level)")
    }
  }

  @Test func othersAreRefused() {
    for change: (inout isotach_convolution) -> Void in [
      { $0.groups = 3 }, { $0.kernel_x = 0 }, { $0.images = 0 }, { $0.out_width = 0 },
    ] {
      var (shape, plan) = (Self.cases[5].shape, isotach_general())
      #expect(isotach_general_plan(&shape, &plan) == 1)
      change(&shape)
      #expect(isotach_general_plan(&shape, &plan) == 0)
    }
  }
}
