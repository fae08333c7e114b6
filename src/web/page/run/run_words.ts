/** What the page says of an experiment in training: its stage, activity and time. */

/** The titles of a training that has ended for now, and for good. */
export const PAUSED = "Paused", FINISHED = "How your run ended";

/** "about 2 min left". */
export function timeLeft(seconds: number): string {
  if (seconds < 5) return "a few seconds left";
  if (seconds < 100) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `about ${minutes} min left`;
  return `about ${Math.round(minutes / 60)} h left`;
}

/** "level 3/6" in words. */
export function stageWords(stage: string): string {
  const level = /^level (\d+)\/(\d+)$/.exec(stage);
  if (level) {
    return level[1] === "0"
      ? "Training the full network"
      : `Training level ${level[1]} of ${level[2]}`;
  }
  if (stage === "control") return "Training the control";
  if (stage === "reinit") return "Training controls";
  return `Training: ${stage}`;
}

/** An activity as a sentence of the page. */
export function activityWords(activity: string): string {
  return `${activity[0].toUpperCase()}${activity.slice(1)}`;
}
