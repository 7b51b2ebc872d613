//! Numbers that can be computed again with users weighted, as the bootstrap needs them.

/// A number about some users that is still defined if each user counts `weights[user]` times.
pub trait Statistic: Send + Sync {
    /// Number of users; weights are one per user.
    fn users(&self) -> usize;

    /// The number with each user counted so many times; `None` if it is not defined.
    fn value(&self, weights: &[u32]) -> Option<f64>;

    /// The number with each user counted once.
    fn estimate(&self) -> Option<f64> {
        self.value(&vec![1; self.users()])
    }

    /// How many users have a part in the number.
    fn counted(&self) -> usize;
}

/// `Σ numerator / Σ denominator` over users: the mean over users where denominators are 1 (0 for a user who has no
/// value), the mean over rows where they are counts of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserRatio {
    /// By user.
    pub numerators: Vec<f64>,
    /// By user; 0 if the user has no part in it.
    pub denominators: Vec<f64>,
}

impl UserRatio {
    /// A ratio in which no user has a part yet.
    pub fn new(users: usize) -> UserRatio {
        UserRatio { numerators: vec![0.0; users], denominators: vec![0.0; users] }
    }

    /// Gives a user one value.
    pub fn set(&mut self, user: u32, value: f64) {
        self.numerators[user as usize] = value;
        self.denominators[user as usize] = 1.0;
    }

    /// Adds a row of a user.
    pub fn add(&mut self, user: u32, value: f64) {
        self.numerators[user as usize] += value;
        self.denominators[user as usize] += 1.0;
    }

    /// The value of a user, if there is one.
    pub fn of(&self, user: u32) -> Option<f64> {
        let denominator = self.denominators[user as usize];
        (denominator != 0.0).then(|| self.numerators[user as usize] / denominator)
    }
}

impl Statistic for UserRatio {
    fn users(&self) -> usize {
        self.numerators.len()
    }

    fn value(&self, weights: &[u32]) -> Option<f64> {
        let sum = |of: &[f64]| of.iter().zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum::<f64>();
        let denominator = sum(&self.denominators);
        (denominator != 0.0).then(|| sum(&self.numerators) / denominator)
    }

    fn counted(&self) -> usize {
        self.denominators.iter().filter(|&&denominator| denominator != 0.0).count()
    }
}

/// The mean of one statistic over several splits of the same users, who are weighted in all of them alike.
pub struct MeanOfSplits(pub Vec<Box<dyn Statistic>>);

impl Statistic for MeanOfSplits {
    fn users(&self) -> usize {
        self.0.first().map_or(0, |first| first.users())
    }

    /// `None` if it is not defined in one of the splits.
    fn value(&self, weights: &[u32]) -> Option<f64> {
        let mut sum = 0.0;
        for statistic in &self.0 {
            sum += statistic.value(weights)?;
        }
        (!self.0.is_empty()).then(|| sum / self.0.len() as f64)
    }

    /// The most that any split has.
    fn counted(&self) -> usize {
        self.0.iter().map(|statistic| statistic.counted()).max().unwrap_or(0)
    }
}

/// Mean and standard deviation over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    /// How many values.
    pub count: usize,
    /// Their mean; 0 without any.
    pub mean: f64,
    /// Their sample standard deviation (`n - 1`); `None` below two values.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of some values.
    pub fn of(values: &[f64]) -> Spread {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count.max(1) as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Spread { count, mean, deviation: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()) }
    }
}
