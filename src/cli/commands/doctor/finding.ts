/** What `mctl doctor` says about one thing: how it is, and, where it is not well, what to type next. */
export interface DoctorFinding {
  level: 'ok' | 'warn' | 'fail';
  subject: string;
  message: string;
  next?: string;
}

export const ok = (subject: string, message: string): DoctorFinding => ({ level: 'ok', subject, message });
export const warn = (subject: string, message: string, next: string): DoctorFinding => ({
  level: 'warn',
  subject,
  message,
  next,
});
export const fail = (subject: string, message: string, next: string): DoctorFinding => ({
  level: 'fail',
  subject,
  message,
  next,
});
