type Named = Readonly<Record<string, number>>;
export const curves: Readonly<Record<string, (features: Named, parameters: Named) => number>>;
